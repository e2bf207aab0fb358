import { deferred, pass, virtualClients } from '../../test/support/virtual-client.js';
import { follow, type Following, type RealtimeError, type RealtimeEvent } from './index.js';

const app = (name: string) => ({ id: name, name });
type App = ReturnType<typeof app>;

describe('follow', () => {
  const begin = virtualClients();
  const log: string[] = [];
  beforeEach(() => void log.splice(0));

  const logging = (load: Following<string, App>['load']): Following<string, App> => ({
    load,
    onLoad: (state) => void log.push(`loaded ${state}`),
    onEvent: ({ data }: RealtimeEvent<App>) => void log.push(data.name),
    onError: (error) => void log.push(`error ${(error as RealtimeError).code ?? (error as Error).message}`),
  });

  it('loads once subscribed, and then passes the events that arrived meanwhile', async () => {
    const { client, server } = begin();
    const loading = deferred<string>();
    follow(
      client.channel('apps:created'),
      logging(() => loading.promise),
    );
    await pass();
    server.publish('apps:created', app('meanwhile'));
    await pass();
    loading.resolve('state');
    await pass();
    server.publish('apps:created', app('after'));
    await pass();
    expect(log).toEqual(['loaded state', 'meanwhile', 'after']);
  });

  it.each([
    ['the server is up', () => undefined],
    ['another user signs in', (sign: (who: string) => void) => sign('grace')],
  ])('loads again after a failure, also when too many events waited meanwhile: %s', async (_, then) => {
    let who = 'ada';
    const { client, server } = begin({ maxWaitingEvents: 5, getToken: () => who });
    let isDown = true;
    follow(
      client.channel('apps:created'),
      logging(() => (isDown ? Promise.reject(new Error('down')) : Promise.resolve('state'))),
    );
    await pass();
    for (let index = 0; index < 10; index += 1) server.publish('apps:created', app('lost in the state'));
    await pass(1_000);
    then((next) => {
      who = next;
      void client.reauthenticate();
    });
    isDown = false;
    await pass(5_000);
    log.splice(0, log.indexOf('loaded state') + 1);
    server.publish('apps:created', app('after'));
    await pass();
    expect(client.channel('apps:created').state).toBe('subscribed');
    expect(log.at(-1)).toBe('after');
  });

  it.each([
    ['the connection', 'cut'],
    ['the subscription', 'unavailable'],
  ])('loads again after a failure, when %s ended just as too many events waited', async (_, how) => {
    const { client, server } = begin({ maxWaitingEvents: 5 });
    let isDown = true;
    follow(
      client.channel('apps:created'),
      logging(() => (isDown ? Promise.reject(new Error('down')) : Promise.resolve('state'))),
    );
    await pass();
    for (let index = 0; index < 6; index += 1) server.publish('apps:created', app('lost in the state'));
    server.open[0]?.subscriptions.clear();
    server.send({ type: 'unsubscribed', channel: 'apps:created', reason: 'unavailable' });
    if (how === 'cut') server.cut();
    isDown = false;
    await pass(10_000);
    expect(client.channel('apps:created').state).toBe('subscribed');
    server.publish('apps:created', app('after'));
    await pass();
    expect(log.at(-1)).toBe('after');
  });

  it('loads again after each reset, and drops the events from before it', async () => {
    const { client, server } = begin();
    let loads = 0;
    follow(
      client.channel('apps:created'),
      logging(() => Promise.resolve(`${(loads += 1)}`)),
    );
    await pass();
    for (let round = 0; round < 2; round += 1) {
      server.cut();
      server.publish('apps:created', app('lost'));
      server.forget('apps:created');
      await pass(2_000);
    }
    expect(log).toEqual(['loaded 1', 'loaded 2', 'loaded 3']);
  });

  it('loads once more if events were lost during loading', async () => {
    const { client, server } = begin();
    const first = deferred<string>();
    let loads = 0;
    follow(
      client.channel('apps:created'),
      logging(() => ((loads += 1) === 1 ? first.promise : Promise.resolve('second'))),
    );
    await pass();
    server.publish('apps:created', app('lost'));
    await pass();
    server.send({ type: 'resync', channel: 'apps:created', reason: 'expired' });
    await pass();
    first.resolve('first');
    await pass();
    expect(log).toEqual(['loaded second']);
  });

  it('does not load again after a break in which nothing was lost', async () => {
    const { client, server } = begin();
    let loads = 0;
    follow(
      client.channel('apps:created'),
      logging(() => Promise.resolve(`${(loads += 1)}`)),
    );
    await pass();
    server.cut();
    server.publish('apps:created', app('missed'));
    await pass(2_000);
    expect(log).toEqual(['loaded 1', 'missed']);
  });

  it('abandons a load that hangs, aborts its signal, and loads again', async () => {
    const { client } = begin();
    const signals: AbortSignal[] = [];
    follow(client.channel('apps:created'), {
      ...logging(({ signal }) => {
        signals.push(signal);
        return signals.length === 1 ? new Promise(() => undefined) : Promise.resolve('second');
      }),
      timeoutMs: 5_000,
      retryMs: 1_000,
    });
    await pass(4_999);
    expect(signals[0]?.aborted).toBe(false);
    await pass(1);
    expect(signals[0]?.aborted).toBe(true);
    await pass(1_000);
    expect(log).toEqual(['error timeout', 'loaded second']);
  });

  it('retries after an error, and reports it', async () => {
    const { client } = begin();
    let loads = 0;
    follow(
      client.channel('apps:created'),
      logging(() => ((loads += 1) < 3 ? Promise.reject(new Error('down')) : Promise.resolve('third'))),
    );
    await pass(4_000);
    expect(log).toEqual(['error down', 'error down', 'loaded third']);
  });

  it('reports a load that throws, and retries', async () => {
    const { client } = begin();
    let loads = 0;
    follow(client.channel('apps:created'), {
      ...logging(() => {
        if ((loads += 1) === 1) throw new Error('thrown');
        return Promise.resolve(`${loads}`);
      }),
    });
    await pass(2_000);
    expect(log).toEqual(['error thrown', 'loaded 2']);
  });

  it('passes waiting events after an onLoad that throws, once a later one succeeds', async () => {
    const { client, server } = begin();
    const first = deferred<string>();
    let loads = 0;
    const following = logging(() => ((loads += 1) === 1 ? first.promise : Promise.resolve('again')));
    follow(client.channel('apps:created'), {
      ...following,
      onLoad: (state) => {
        if (state === 'first') throw new Error('cannot render');
        following.onLoad(state);
      },
    });
    await pass();
    server.publish('apps:created', app('waits'));
    await pass();
    first.resolve('first');
    await pass();
    server.publish('apps:created', app('between'));
    await pass(2_000);
    server.publish('apps:created', app('after'));
    await pass();
    expect(log).toEqual(['error cannot render', 'loaded again', 'waits', 'between', 'after']);
  });

  it.each([Number.NaN, Infinity, -5, 0, '5', 2.5e9])('does not loop with retryMs or timeoutMs %p', async (ms) => {
    const { client } = begin();
    let loads = 0;
    const stop = follow(client.channel('apps:created'), {
      ...logging(() => {
        loads += 1;
        return Promise.reject(new Error('down'));
      }),
      retryMs: ms as number,
      timeoutMs: ms as number,
    });
    await pass(1_000);
    stop();
    expect(loads).toBeLessThanOrEqual(11);
  });

  it('passes each event once if a channel is named twice', async () => {
    const { client, server } = begin();
    const channel = client.channel('apps:created');
    follow(
      [channel, channel],
      logging(() => Promise.resolve('state')),
    );
    await pass();
    server.publish('apps:created', app('one'));
    await pass();
    expect(log).toEqual(['loaded state', 'one']);
  });

  it('loads again although onError throws, and its error is uncaught', async () => {
    const { client } = begin();
    let loads = 0;
    follow(client.channel('apps:created'), {
      ...logging(() => ((loads += 1) === 1 ? Promise.reject(new Error('down')) : Promise.resolve('second'))),
      onError: () => {
        throw new Error('in onError');
      },
    });
    await expect(pass(1)).rejects.toThrow('in onError');
    await pass(2_000);
    expect(log).toEqual(['loaded second']);
  });

  it('reports a refused channel, and continues when it is granted', async () => {
    let isAllowed = false;
    const { client } = begin({}, { refuse: () => (isAllowed ? null : 'forbidden') });
    follow(
      client.channel('apps:created'),
      logging(() => Promise.resolve('state')),
    );
    await pass();
    expect(log).toEqual(['error forbidden']);
    isAllowed = true;
    client.channel('apps:created').retry();
    await pass();
    expect(log).toEqual(['error forbidden', 'loaded state']);
  });

  it('drops the state of the former user, and loads once for the new one', async () => {
    let who = 'ada';
    const { client } = begin({ getToken: () => who });
    const hers = deferred<string>();
    let loads = 0;
    const signals: AbortSignal[] = [];
    follow(
      client.channel('apps:created'),
      logging(({ signal }) => {
        signals.push(signal);
        return (loads += 1) === 1 ? hers.promise : Promise.resolve('of grace');
      }),
    );
    await pass();
    who = 'grace';
    await client.reauthenticate();
    await pass(1);
    hers.resolve('of ada');
    await pass(5_000);
    expect(signals[0]?.aborted).toBe(true);
    expect(log).toEqual(['loaded of grace']);
    expect(loads).toBe(2);
  });

  it('starts to load only while the user is known: not if the client is closed in the same step', async () => {
    const { client, server } = begin({ getToken: () => 'ada' });
    const loads: (string | undefined)[] = [];
    follow(
      client.channel('apps:created'),
      logging(() => {
        loads.push(client.identity?.user?.userId);
        return Promise.resolve('state');
      }),
    );
    await pass();
    client.channel('apps:created').once('reset', () => client.close());
    server.send({ type: 'resync', channel: 'apps:created', reason: 'expired' });
    await pass(5_000);
    expect(loads).toEqual(['ada']);
    client.connect();
    await pass();
    expect(loads).toEqual(['ada', 'ada']);
  });

  it('starts to load only while the user is known: not after a reset of a closed client', async () => {
    const { client, server } = begin({ getToken: () => 'ada' });
    const first = deferred<string>();
    const loads: (string | undefined)[] = [];
    follow(
      client.channel('apps:created'),
      logging(() => {
        loads.push(client.identity?.user?.userId);
        return loads.length === 1 ? first.promise : Promise.resolve('again');
      }),
    );
    await pass();
    server.send({ type: 'resync', channel: 'apps:created', reason: 'expired' });
    await pass();
    client.close();
    first.resolve('first');
    await pass(5_000);
    client.connect();
    await pass();
    expect(loads).toEqual(['ada', 'ada']);
    expect(log).toEqual(['loaded again']);
  });

  it.each([
    ['after the channel fell behind', 10],
    ['as too many events waited', 0],
  ])('shows another user nothing if the client is closed %s, and loading is tried again', async (_, ms) => {
    let who = 'ada';
    const { client, server } = begin({ maxWaitingEvents: 5, getToken: () => who });
    const loads: (string | undefined)[] = [];
    follow(
      client.channel('apps:created'),
      logging(() => {
        loads.push(client.identity?.user?.userId);
        return loads.length === 1 ? Promise.reject(new Error('down')) : Promise.resolve(`of ${who}`);
      }),
    );
    await pass();
    for (let index = 0; index < 10; index += 1) server.publish('apps:created', app('of ada'));
    if (ms > 0) await pass(ms);
    server.close(1009);
    await pass();
    who = 'grace';
    void client.reauthenticate(); // the client stays closed
    await pass(10_000);
    client.connect();
    await pass(10_000);
    server.publish('apps:created', app('after'));
    await pass();
    expect(loads).toEqual(['ada', 'grace']);
    expect(log).toEqual(['error down', 'loaded of grace', 'after']);
  });

  it('stops all calls at the end, and unsubscribes', async () => {
    const { client, server } = begin();
    const loading = deferred<string>();
    const stop = follow(
      client.channel('apps:created'),
      logging(() => loading.promise),
    );
    await pass();
    server.publish('apps:created', app('one'));
    await pass();
    stop();
    loading.resolve('late');
    await pass();
    expect(log).toEqual([]);
    expect(client.channel('apps:created').state).toBe('unsubscribed');
  });
});
