import { QueryClient, QueryObserver, type QueryObserverOptions } from '@tanstack/react-query';
import { pass, virtualClients } from '../../test/support/virtual-client.js';
import type { FakeServerOptions } from '../testing/index.js';
import { liveQuery } from './live-query.js';
import { updateOptimistically } from './optimistic.js';

const BOARD = 'boards:1';
const KEY = ['live', BOARD];

interface Board {
  readonly count: number;
  readonly note?: string;
}

describe('a live query', () => {
  let queries: QueryClient;

  beforeEach(() => {
    queries = new QueryClient();
  });
  afterEach(() => queries.clear()); // before its timers are counted
  const begin = virtualClients();

  function start(options: FakeServerOptions = {}, token: () => string = () => 'ada') {
    const all = begin({ getToken: token }, options);
    all.server.states.set(BOARD, { count: 0 });
    const query = () => liveQuery<string>(all.client, BOARD);
    const observe = (also: Partial<QueryObserverOptions> = {}) => {
      const observer = new QueryObserver(queries, { ...query(), ...also });
      return { observer, stop: observer.subscribe(() => undefined) };
    };
    const data = () => queries.getQueryData<Board>(KEY);
    const requests = () => all.server.connections.flatMap(({ received }) => received.map(({ type }) => type));
    const set = (count: number) => all.server.states.patch(BOARD, { set: { '/count': count } });
    return { ...all, query, observe, data, requests, set };
  }

  it('loads the state, follows it while it is observed, and continues when it is observed again', async () => {
    const { observe, data, set, requests, server } = start();
    const { observer, stop } = observe();
    await pass();
    set(1);
    await pass();
    expect([observer.getCurrentResult().status, data(), observer.getCurrentResult().isStale]).toEqual([
      'success',
      { count: 1 },
      false,
    ]);
    stop();
    await pass();
    expect(server.open.at(0)?.subscriptions.size).toBe(0);
    set(2);
    await pass();
    expect(data()).toEqual({ count: 1 });
    const again = observe();
    expect(again.observer.getCurrentResult()).toMatchObject({ data: { count: 1 }, isFetching: true });
    await pass();
    expect(data()).toEqual({ count: 2 });
    expect(requests()).toEqual(['auth', 'subscribe', 'unsubscribe', 'subscribe']);
    again.stop();
  });

  it('keeps the parts that did not change', async () => {
    const { observe, data, server } = start();
    const nested = { a: { count: 0 }, b: { count: 0 } };
    server.states.set(BOARD, nested);
    const { stop } = observe();
    await pass();
    const before = data() as unknown as typeof nested;
    server.states.patch(BOARD, { set: { '/a/count': 1 } });
    await pass();
    const after = data() as unknown as typeof nested;
    expect([after.a.count, after.b === before.b]).toEqual([1, true]);
    stop();
  });

  it('survives that a component is created again in one step', async () => {
    const { observe, requests, set, data } = start();
    const first = observe();
    await pass();
    first.stop();
    const second = observe();
    await pass();
    set(1);
    await pass();
    expect([data(), requests()]).toEqual([{ count: 1 }, ['auth', 'subscribe']]);
    second.stop();
  });

  it('returns the current state for a refetch, and waits for the connection during a break', async () => {
    const { observe, observer, requests, server, set, data } = ((all) => ({ ...all, ...all.observe() }))(start());
    await pass();
    await queries.invalidateQueries({ queryKey: KEY });
    expect(requests()).toEqual(['auth', 'subscribe']);
    server.cut();
    set(5);
    await pass();
    const refetched = observer.refetch();
    expect(observer.getCurrentResult()).toMatchObject({ isFetching: true, data: { count: 0 } });
    await pass(10_000);
    expect((await refetched).data).toEqual({ count: 5 });
    expect(data()).toEqual({ count: 5 });
    expect(observe).toBeDefined();
  });

  it('goes live with data that were rendered by a server', async () => {
    const { observe, data } = start();
    queries.setQueryData(KEY, { count: -1 });
    const { stop } = observe();
    await pass();
    expect(data()).toEqual({ count: 0 });
    stop();
  });

  it('follows a prefetched state until it was used, or is collected', async () => {
    const { query, data, set, server } = start();
    const prefetched = queries.prefetchQuery({ ...query(), gcTime: 10_000 });
    await pass();
    await prefetched;
    set(1);
    await pass();
    expect(data()).toEqual({ count: 1 });
    await pass(20_000);
    expect([data(), server.open.at(0)?.subscriptions.size]).toEqual([undefined, 0]);
  });

  it('ends a load whose component is gone', async () => {
    const { observe, server, data } = start();
    server.states.fail(BOARD);
    const { stop } = observe();
    await pass();
    stop();
    await pass();
    expect([server.open.at(0)?.subscriptions.size, data()]).toEqual([0, undefined]);
  });

  it('has the error of a refused channel and no data, and recovers', async () => {
    let isAllowed = false;
    const { client, observe, server } = start({ refuse: () => (isAllowed ? null : 'forbidden') });
    const { observer, stop } = observe();
    const result = () => observer.getCurrentResult();
    await pass();
    expect(result()).toMatchObject({ status: 'error', error: { code: 'forbidden' }, data: undefined });
    isAllowed = true;
    server.cut();
    await pass(10_000);
    expect(result()).toMatchObject({ status: 'success', data: { count: 0 } });
    isAllowed = false;
    await Promise.all([client.reauthenticate(), pass()]);
    expect(result()).toMatchObject({ status: 'error', error: { code: 'forbidden' }, data: undefined });
    stop();
  });

  it('drops the state of a former user', async () => {
    let user = 'ada';
    const { client, observe, server, data } = start({}, () => user);
    const { observer, stop } = observe();
    await pass();
    user = 'grace';
    server.isDown = true;
    await Promise.all([client.reauthenticate(), pass()]);
    expect([data(), observer.getCurrentResult().status]).toEqual([undefined, 'pending']);
    server.isDown = false;
    await pass(60_000);
    expect(data()).toEqual({ count: 0 });
    stop();
  });

  it('shows optimistic changes on top of the state, and keeps patches that arrive meanwhile', async () => {
    const { observe, data, server } = start();
    const { stop } = observe();
    await pass();
    const change = (note: string) =>
      updateOptimistically(queries, (changed) => changed.setQueryData<Board>(KEY, (board) => ({ ...board, note })));
    const [failing, settling] = [change('fails'), change('mine')];
    server.states.patch(BOARD, { set: { '/count': 1 } });
    await pass();
    expect(data()).toEqual({ count: 1, note: 'mine' });
    failing.revert();
    server.states.patch(BOARD, { set: { '/note': 'ours' } });
    settling.settle();
    await pass();
    expect(data()).toEqual({ count: 1, note: 'ours' });
    server.states.patch(BOARD, { set: { '/count': 2 } });
    await pass();
    expect(data()).toEqual({ count: 2, note: 'ours' });
    stop();
  });

  it('fetches the current state for a change whose events do not concern the query', async () => {
    const { observe, data } = start();
    const { stop } = observe();
    await pass();
    const update = updateOptimistically(queries, (changed) =>
      changed.setQueryData<Board>(KEY, (board) => ({ ...board, note: 'mine' })),
    );
    update.settle();
    await pass(100);
    expect(data()).toEqual({ count: 0 });
    stop();
  });
});
