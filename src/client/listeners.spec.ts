import { deferred, pass, virtualClients } from '../../test/support/virtual-client.js';
import { events, type Channel, type RealtimeError } from './index.js';

const app = (name: string) => ({ id: name, name });

describe('listeners', () => {
  const begin = virtualClients();

  it('that remove and add themselves receive each event once', async () => {
    const { client, server } = begin();
    const channel = client.channel('apps:created');
    const received: string[] = [];
    const arm = (): void => {
      const stop = channel.on('event', ({ data }) => {
        stop();
        received.push(data.name);
        arm();
      });
    };
    arm();
    channel.subscribe();
    await pass();
    server.publish('apps:created', app('one'));
    server.publish('apps:created', app('two'));
    await pass();
    expect(received).toEqual(['one', 'two']);
  });

  it('that are added inside a listener receive the next event, not the current one', async () => {
    const { client, server } = begin();
    const channel = client.channel('apps:created');
    const received: string[] = [];
    channel.once('event', () => channel.on('event', ({ data }) => void received.push(data.name)));
    channel.subscribe();
    await pass();
    server.publish('apps:created', app('one'));
    server.publish('apps:created', app('two'));
    await pass();
    expect(received).toEqual(['two']);
  });

  it('of once are called once, and can be removed before', async () => {
    const { client, server } = begin();
    const channel = client.channel('apps:created');
    const received: string[] = [];
    const states: string[] = [];
    channel.once('event', ({ data }) => void received.push(data.name));
    channel.once('event', () => void received.push('removed'))();
    client.once('state', ({ state }) => void states.push(state));
    channel.subscribe();
    await pass();
    server.publish('apps:created', app('one'));
    server.publish('apps:created', app('two'));
    await pass();
    expect(received).toEqual(['one']);
    expect(states).toEqual(['connecting']);
  });

  it('receive state changes in order, also if one of them causes another', async () => {
    const { client } = begin();
    const first: string[] = [];
    const second: string[] = [];
    client.on('state', ({ state }) => {
      first.push(state);
      if (state === 'connected') client.close();
    });
    client.on('state', ({ state }) => void second.push(state));
    client.connect();
    await pass(60_000);
    expect(first).toEqual(['connecting', 'connected', 'closed']);
    expect(second).toEqual(first);
  });

  it('can close the client while it connects', async () => {
    const { client, server, states } = begin();
    client.on('state', ({ state }) => {
      if (state === 'connecting') client.close();
    });
    client.connect();
    await pass(60_000);
    expect(states()).toEqual(['connect → connecting', 'close → closed']);
    expect(server.connections).toHaveLength(0);
  });

  it('can connect again in a change to closed', async () => {
    const { client } = begin();
    client.once('state', () => client.once('state', () => client.once('state', () => client.connect())));
    client.connect();
    await pass();
    client.close();
    await pass();
    expect(client.state).toBe('connected');
  });
});

describe('a channel', () => {
  const begin = virtualClients();

  it('is retried after a refusal by retry, and by a new subscriber', async () => {
    let isAllowed = false;
    const { client } = begin({}, { refuse: () => (isAllowed ? null : 'forbidden') });
    const channel = client.channel('apps:created');
    channel.subscribe();
    await pass();
    expect(channel.state).toBe('refused');
    isAllowed = true;
    channel.retry();
    await pass();
    expect(channel.state).toBe('subscribed');

    isAllowed = false;
    const other = client.channel('apps:deleted');
    other.subscribe();
    await pass();
    isAllowed = true;
    other.subscribe();
    await pass();
    expect(other.state).toBe('subscribed');
  });

  it('costs nothing after it is left: 10,000 of them as much as the first 100', async () => {
    const { client, server } = begin();
    client.connect();
    await pass();
    const visit = async (from: number, to: number): Promise<void> => {
      for (let index = from; index < to; index += 1) {
        const stop = client.channel<string>(`room:${index}`).subscribe();
        await Promise.resolve();
        stop();
      }
      await pass();
    };
    await visit(0, 100);
    // Counts the channels that a change processes: those in use, and those that changed.
    let asked = 0;
    const counted = client.channel<string>('room:counted') as Channel & { sync(changes: unknown): void };
    const sync = counted.sync.bind(counted);
    counted.sync = (changes) => {
      asked += 1;
      sync(changes);
    };
    counted.subscribe();
    await pass();
    await visit(100, 10_100);
    expect(asked).toBe(1);
    const unsubscribed = server.connections[0]?.received.filter(({ type }) => type === 'unsubscribe');
    expect(server.connections[0]?.subscriptions).toEqual(new Set(['room:counted']));
    expect(unsubscribed).not.toHaveLength(0);
  });

  it('is the same object while it has a listener, which stays', async () => {
    const { client, server } = begin();
    const received: string[] = [];
    client.channel('apps:created').on('event', ({ data }) => void received.push(data.name));
    await pass(1_000);
    client.channel('apps:created').subscribe();
    await pass();
    server.publish('apps:created', app('one'));
    await pass();
    expect(received).toEqual(['one']);
  });

  it('is observable, and RxJS unsubscribes at once', async () => {
    const { client, server } = begin();
    const channel = client.channel('apps:created');
    const { from } = await import('rxjs');
    const received: string[] = [];
    const subscription = from(events(channel)).subscribe(({ data }) => void received.push(data.name));
    await pass();
    server.publish('apps:created', app('one'));
    await pass();
    subscription.unsubscribe();
    await pass();
    expect(received).toEqual(['one']);
    expect(channel.users).toBe(0);
  });

  it('ends an observer with the refusal, or when the client is closed', async () => {
    const { client } = begin({}, { refuse: (name) => (name === 'apps:deleted' ? 'forbidden' : null) });
    const { from } = await import('rxjs');
    const ends: string[] = [];
    from(events(client.channel('apps:deleted'))).subscribe({ error: ({ code }: RealtimeError) => ends.push(code) });
    from(events(client.channel('apps:created'))).subscribe({ complete: () => ends.push('complete') });
    await pass();
    client.close();
    expect(ends).toEqual(['forbidden', 'complete']);
  });

  it.each(['for await', 'an observer'])('ends %s if a listener closes the client while it subscribes', async (way) => {
    const { client } = begin();
    const channel = client.channel('apps:created');
    channel.once('state', () => client.close());
    const ends: unknown[] = [];
    if (way === 'for await') ends.push(await events(channel)[Symbol.asyncIterator]().next());
    else (await import('rxjs')).from(events(channel)).subscribe({ complete: () => ends.push('complete') });
    expect(ends).toEqual([way === 'for await' ? { value: undefined, done: true } : 'complete']);
    expect(channel.users).toBe(0);
  });

  it('reports missed events to for await, and ends it at once on return()', async () => {
    const { client, server } = begin();
    const channel = client.channel('apps:created');
    const iterator = events(channel)[Symbol.asyncIterator]();
    const first = iterator.next();
    await pass();
    server.forget('apps:created');
    server.cut();
    server.publish('apps:created', app('lost'));
    await pass(1_000);
    server.publish('apps:created', app('after'));
    await pass();
    const { value } = (await first) as { value: { data: { name: string }; missed?: { reason: string } } };
    expect(value).toMatchObject({ data: { name: 'after' }, missed: { reason: 'unknown_epoch' } });
    const second = iterator.next();
    await iterator.return?.();
    expect(await second).toEqual({ value: undefined, done: true });
    await pass();
    expect(channel.state).toBe('unsubscribed');
  });
});

describe('requests', () => {
  const begin = virtualClients();

  it('have a timeout and a signal, and a late reply is dropped', async () => {
    const { client, server } = begin({ timeoutMs: 2_000 });
    const messages: unknown[] = [];
    client.on('message', (frame) => messages.push(frame));
    client.connect();
    await pass();
    server.silence();
    const outcomes: unknown[] = [];
    const note = (error: RealtimeError): unknown => outcomes.push(error.code ?? error.name);
    const abort = new AbortController();
    client.request({ type: 'ping' }).catch(note);
    client.request({ type: 'ping' }, { timeoutMs: 500 }).catch(note);
    client.request({ type: 'ping' }, { signal: abort.signal }).catch(note);
    abort.abort();
    await pass();
    expect(outcomes).toEqual([20]); // the DOMException of the signal
    await pass(500);
    expect(outcomes).toEqual([20, 'timeout']);
    await pass(1_500);
    expect(outcomes).toEqual([20, 'timeout', 'timeout']);
    for (const connection of server.open) connection.isSilent = false;
    server.send({ type: 'pong', ref: 'r1' });
    await pass();
    expect(messages).toEqual([]);
  });

  it('are not also reported as messages', async () => {
    const { client } = begin();
    const messages: unknown[] = [];
    client.on('message', (frame) => messages.push(frame));
    client.connect();
    await pass();
    const answer = client.request({ type: 'ping' });
    await pass();
    expect(await answer).toMatchObject({ type: 'pong' });
    expect(messages).toEqual([]);
  });

  it('of the heartbeat are not reported as messages', async () => {
    const { client, server } = begin({}, { heartbeatMs: 10_000 });
    const messages: unknown[] = [];
    client.on('message', (frame) => messages.push(frame));
    client.connect();
    await pass(60_000);
    expect(server.connections[0]?.received.length).toBeGreaterThan(5);
    expect(messages).toEqual([]);
  });

  it('without a reply are sent by send, which reports if there is a connection', async () => {
    const { client, server } = begin();
    expect(client.send({ type: 'ping' })).toBe(false);
    client.connect();
    await pass();
    expect(client.send({ type: 'ping' })).toBe(true);
    await pass();
    expect(server.connections[0]?.received).toEqual([{ type: 'ping' }]);
  });

  it('are rejected when the client is closed', async () => {
    const { client, server } = begin();
    client.connect();
    await pass();
    server.silence();
    const answer = client.request({ type: 'ping' });
    const settled = deferred<string>();
    answer.catch(({ code }: RealtimeError) => settled.resolve(code));
    client.close();
    expect(await settled.promise).toBe('not_connected');
  });
});
