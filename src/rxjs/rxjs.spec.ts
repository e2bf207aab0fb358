import { firstValueFrom, map, retry, skip, startWith, switchMap, take, toArray, type Observable } from 'rxjs';
import { pass, virtualClients } from '../../test/support/virtual-client.js';
import type { RealtimeError } from '../client/index.js';
import {
  channelState$,
  connectionState$,
  errors$,
  identity$,
  live$,
  occupancy$,
  presence$,
  resets$,
  stream$,
  toObservable,
} from './index.js';

const app = (name: string) => ({ id: name, name });

/** Subscribes, and records values, the error and the end. */
function recorded<T>(observable: Observable<T>) {
  const seen: unknown[] = [];
  const subscription = observable.subscribe({
    next: (value) => void seen.push(value),
    error: ({ code }: RealtimeError) => void seen.push(`error ${code}`),
    complete: () => void seen.push('complete'),
  });
  return { seen, subscription };
}

describe('toObservable', () => {
  const begin = virtualClients();

  it('passes typed events from the first subscription to its end, and shares one subscription on the server', async () => {
    const { client, server } = begin();
    const channel = client.channel('apps:created');
    const names = toObservable(channel).pipe(map(({ data }) => data.name));
    expect(channel.users).toBe(0);
    const [first, second] = [recorded(names), recorded(names)];
    await pass();
    server.publish('apps:created', app('one'));
    await pass();
    second.subscription.unsubscribe();
    server.publish('apps:created', app('two'));
    await pass();
    first.subscription.unsubscribe();
    await pass();
    expect([first.seen, second.seen]).toEqual([['one', 'two'], ['one']]);
    const requests = server.connections.flatMap(({ received }) => received.map(({ type }) => type));
    expect(requests).toEqual(['subscribe', 'unsubscribe']);
  });

  it('unsubscribes at once: neither waiting events nor the rest of a burst follow', async () => {
    const { client, server } = begin();
    const channel = client.channel('apps:created');
    const { seen } = recorded(
      toObservable(channel).pipe(
        map(({ data }) => data.name),
        take(2),
      ),
    );
    await pass();
    for (const name of ['one', 'two', 'three']) server.publish('apps:created', app(name));
    await pass();
    expect(seen).toEqual(['one', 'two', 'complete']);
    const { seen: later, subscription } = recorded(toObservable(channel));
    server.publish('apps:created', app('four'));
    subscription.unsubscribe();
    expect(channel.users).toBe(0);
    await pass();
    expect(later).toEqual([]);
  });

  it('fails if the channel is refused or revoked, and retry() requests it again', async () => {
    let isRefused = true;
    const { client, server } = begin({}, { refuse: () => (isRefused ? 'forbidden' : null) });
    const channel = client.channel('apps:created');
    const { seen } = recorded(toObservable(channel));
    const { seen: repeated, subscription } = recorded(
      toObservable(channel).pipe(
        map(({ data }) => data.name),
        retry({ delay: 1_000 }),
      ),
    );
    await pass();
    expect([seen, channel.users]).toEqual([['error forbidden'], 0]);
    isRefused = false;
    await pass(1_000);
    server.publish('apps:created', app('one'));
    await pass();
    const revoked = recorded(toObservable(channel));
    server.send({ type: 'unsubscribed', channel: 'apps:created', reason: 'access_revoked' });
    await pass();
    subscription.unsubscribe();
    expect([repeated, revoked.seen]).toEqual([['one'], ['error forbidden']]);
  });

  it('completes when the client is closed, also by a listener of the subscription', async () => {
    const [one, other] = [begin().client, begin().client];
    const { seen } = recorded(toObservable(one.channel('apps:created')));
    await pass();
    one.close();
    const channel = other.channel('apps:created');
    channel.once('state', () => other.close());
    const { seen: nested } = recorded(toObservable(channel));
    expect([seen, nested, channel.users]).toEqual([['complete'], ['complete'], 0]);
  });

  it('marks the event after a loss of continuity, which resets$ reports at once', async () => {
    const { client, server } = begin();
    const channel = client.channel('apps:created');
    const { seen } = recorded(toObservable(channel).pipe(map(({ data, missed }) => [data.name, missed?.reason])));
    let loads = 0;
    const { seen: loaded } = recorded(
      resets$(channel).pipe(
        startWith(null),
        switchMap(() => [(loads += 1)]),
      ),
    );
    await pass();
    server.forget('apps:created');
    server.cut();
    await pass(1_000);
    expect(loaded).toEqual([1, 2]);
    for (const name of ['one', 'two']) server.publish('apps:created', app(name));
    await pass();
    client.close();
    expect(seen).toEqual([['one', 'unknown_epoch'], ['two', undefined], 'complete']);
    expect(loaded).toEqual([1, 2, 'complete']);
  });

  it('resumes after a break, begins with the last events, and resumes at a position', async () => {
    const { client, server } = begin();
    const ids = ['one', 'two', 'three'].map((name) => server.publish('apps:created', app(name)));
    const channel = client.channel('apps:created');
    const names = (options: Parameters<typeof toObservable>[1]) =>
      toObservable(channel, options).pipe(map(({ data }) => data.name));
    const { seen, subscription } = recorded(names({ last: 2 }));
    await pass();
    server.cut();
    server.publish('apps:created', app('four'));
    await pass(1_000);
    expect(seen).toEqual(['two', 'three', 'four']);
    subscription.unsubscribe();
    await pass();
    const { seen: resumed } = recorded(names({ after: ids[1] }));
    await pass();
    expect(resumed).toEqual(['three', 'four']);
  });

  it('starts over for another user, without events of the former one', async () => {
    let token = 'ada';
    const { client, server } = begin({ getToken: () => token });
    const channel = client.channel('apps:created');
    const { seen } = recorded(toObservable(channel).pipe(map(({ data, missed }) => [data.name, missed?.reason])));
    await pass();
    token = 'grace';
    void client.reauthenticate();
    server.publish('apps:created', app('of ada'));
    await pass(1_000);
    server.publish('apps:created', app('of grace'));
    await pass();
    expect(seen).toEqual([['of grace', 'other_user']]);
  });
});

describe('the states as Observables', () => {
  const begin = virtualClients();

  it('begin with the present one, and follow its changes without connecting', async () => {
    const { client } = begin();
    const channel = client.channel('apps:created');
    const { seen: states, subscription } = recorded(connectionState$(client).pipe(map(({ state }) => state)));
    const { seen: channels } = recorded(channelState$(channel).pipe(map(({ state }) => state)));
    const { seen: users } = recorded(identity$(client).pipe(map((identity) => identity?.authorizedChannels)));
    await pass(1_000);
    expect([states, channels, users]).toEqual([['idle'], ['unsubscribed'], [undefined]]);
    const leave = channel.subscribe();
    await pass();
    leave();
    await pass();
    subscription.unsubscribe();
    client.close();
    expect(states).toEqual(['idle', 'connecting', 'connected']);
    expect(channels).toEqual(['unsubscribed', 'subscribing', 'subscribed', 'unsubscribed']);
    expect(users).toEqual([undefined, [], undefined]);
  });

  it('follow a change that their observer causes', async () => {
    const { client } = begin();
    const states = connectionState$(client);
    const seen: string[] = [];
    states.subscribe(({ state }) => {
      seen.push(state);
      if (state === 'idle') client.connect();
    });
    await pass();
    expect(seen).toEqual(['idle', 'connecting', 'connected']);
  });

  it('errors$ reports the errors of the client', async () => {
    const { client } = begin({}, { refuse: () => 'forbidden' });
    const { seen } = recorded(errors$(client).pipe(map(({ code }) => code)));
    client.channel('apps:created').subscribe();
    await pass();
    expect(seen).toEqual(['forbidden']);
  });

  it('presence$ shows the members while it is used, and none of a former user', async () => {
    let token = 'ada';
    const { client, server } = begin({ getToken: () => token });
    const channel = client.channel<string>('rooms:lobby');
    const { seen, subscription } = recorded(presence$(channel).pipe(map((now) => now?.count)));
    await pass();
    const members = [{ userId: 'ada', connections: 1 }];
    server.send({ type: 'presence', channel: 'rooms:lobby', members, count: 1 });
    await pass();
    token = 'grace';
    await Promise.allSettled([client.reauthenticate(), pass(1_000)]);
    subscription.unsubscribe();
    await pass();
    expect(seen.slice(0, 3)).toEqual([undefined, 1, undefined]);
    expect(channel.users).toBe(0);
    expect(server.connections[0]!.received).toContainEqual(expect.objectContaining({ type: 'subscribe' }));
  });

  it('occupancy$ counts subscriptions, fails with the refusal, and completes with the client', async () => {
    const { client } = begin({}, { refuse: (name) => (name === 'apps:deleted' ? 'forbidden' : null) });
    const { seen } = recorded(occupancy$(client, 'apps:created'));
    const { seen: refused } = recorded(occupancy$(client, 'apps:deleted'));
    await pass();
    client.close();
    expect([seen, refused]).toEqual([[1, 'complete'], ['error forbidden']]);
    expect(client.channel('apps:created').users).toBe(0);
  });

  it('are values for firstValueFrom', async () => {
    const { client } = begin();
    const connected = firstValueFrom(connectionState$(client).pipe(skip(1), take(2), toArray()));
    client.connect();
    await pass();
    expect((await connected).map(({ state }) => state)).toEqual(['connecting', 'connected']);
  });
});

describe('live$', () => {
  const begin = virtualClients();

  it('passes the state and its changes, and unsubscribes with its last subscription', async () => {
    const { client, server } = begin();
    server.states.set('boards:1', { count: 0 });
    const states = live$<string>(client, 'boards:1').pipe(map(({ status, data }) => [status, data]));
    const [one, other] = [recorded(states), recorded(states.pipe(take(2)))];
    await pass();
    server.states.patch('boards:1', { set: { '/count': 1 } });
    await pass();
    one.subscription.unsubscribe();
    await pass();
    expect(one.seen).toEqual([
      ['loading', undefined],
      ['live', { count: 0 }],
      ['live', { count: 1 }],
    ]);
    expect(other.seen).toEqual([['loading', undefined], ['live', { count: 0 }], 'complete']);
    expect(server.open.at(0)?.subscriptions.size).toBe(0);
  });

  it('fails for a name that is not a channel', () => {
    const { client } = begin();
    expect(recorded(live$<string>(client, 'not a channel')).seen).toEqual(['error invalid_channel']);
  });
});

describe('stream$', () => {
  const begin = virtualClients();

  it('passes the content and its changes, continues after the end, and unsubscribes with its last subscription', async () => {
    const { client, server } = begin({}, { streams: ['logs:1'] });
    const contents = stream$<string>(client, 'logs:1').pipe(map(({ state, text }) => [state, text]));
    const [one, other] = [recorded(contents), recorded(contents.pipe(take(2)))];
    await pass(100);
    const writer = server.openStream('logs:1');
    writer.write('one ');
    await pass(100);
    writer.fail('broken');
    await pass(100);
    server.openStream('logs:1', { resume: true }).write('two');
    await pass(100);
    one.subscription.unsubscribe();
    await pass(100);
    expect(one.seen).toEqual([
      ['loading', ''],
      ['none', ''],
      ['open', 'one '],
      ['failed', 'one '],
      ['open', 'one two'],
    ]);
    expect(other.seen).toEqual([['loading', ''], ['none', ''], 'complete']);
    expect(server.open.at(0)?.subscriptions.size).toBe(0);
  });

  it('fails for a name that is not a channel', () => {
    const { client } = begin();
    expect(recorded(stream$<string>(client, 'not a channel')).seen).toEqual(['error invalid_channel']);
  });
});
