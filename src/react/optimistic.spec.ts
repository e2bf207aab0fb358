import { jest } from '@jest/globals';
import { notifyManager, QueryClient, QueryObserver } from '@tanstack/react-query';
import { patchLayered, updateOptimistically } from './optimistic.js';
import { refetchSoon } from './shared-queries.js';

interface App {
  readonly id: string;
  readonly name: string;
}

const KEY = ['apps'];

describe('an optimistic update', () => {
  let queries: QueryClient;
  let server: readonly App[];
  let stop: () => void;
  /** Names that were shown, without repetitions in a row. */
  let shown: string[];
  let isFailing: boolean;
  let loads: number;

  beforeEach(async () => {
    jest.useFakeTimers();
    queries = new QueryClient({ defaultOptions: { queries: { retry: false, staleTime: Infinity } } });
    server = [
      { id: '1', name: 'old' },
      { id: '2', name: 'other' },
    ];
    isFailing = false;
    loads = 0;
    shown = [];
    const load = async (): Promise<readonly App[]> => {
      const read = server;
      loads += 1;
      await new Promise((resolve) => setTimeout(resolve, 100));
      if (isFailing) throw new Error('it failed');
      return read;
    };
    const observer = new QueryObserver(queries, { queryKey: KEY, queryFn: load });
    const show = (): void => {
      const names =
        observer
          .getCurrentResult()
          .data?.map(({ name }) => name)
          .join() ?? '';
      if (names !== shown.at(-1)) shown.push(names);
    };
    stop = observer.subscribe(notifyManager.batchCalls(show)); // like the hooks of React
    await pass(200);
    shown = [];
  });
  afterEach(() => {
    stop();
    queries.clear();
    jest.useRealTimers();
  });

  const pass = (ms = 0): Promise<void> => jest.advanceTimersByTimeAsync(ms);
  const rename = (id: string, name: string) => (apps: readonly App[]) =>
    apps.map((app) => (app.id === id ? { ...app, name } : app));
  const names = (): string | undefined =>
    queries
      .getQueryData<App[]>(KEY)
      ?.map(({ name }) => name)
      .join();
  const change = (id = '1', name = 'new') =>
    updateOptimistically(queries, (changed) => changed.setQueryData(KEY, rename(id, name)));
  /** The event of a change, which a patch hook applies. */
  const event = (id: string, name: string): boolean =>
    patchLayered(queries, KEY, (apps) => rename(id, name)(apps as App[]));

  it('is shown at once, and removed without a trace when events have confirmed it', async () => {
    const update = change();
    expect(names()).toBe('new,other');
    expect(event('1', 'new')).toBe(true);
    update.settle();
    await pass(1_000);
    expect([names(), shown]).toEqual(['new,other', ['new,other']]);
    expect(event('1', 'new')).toBe(false); // no layer is left
    update.revert();
    expect(names()).toBe('new,other');
  });

  it('shows what the server made of it, once that has arrived', async () => {
    const update = change('1', ' new ');
    server = rename('1', 'new')(server);
    event('1', 'new');
    await pass();
    update.settle();
    await pass(1_000);
    expect(shown).toEqual([' new ,other', 'new,other']);
  });

  it('is undone after a failure, and keeps the events that arrived meanwhile', async () => {
    const update = change();
    await pass();
    event('2', 'changed');
    await pass();
    update.revert();
    await pass(1_000);
    expect([names(), shown]).toEqual(['old,changed', ['new,other', 'new,changed', 'old,changed']]);
  });

  it('stays on top of data that was read before the command, until the refetch after the event', async () => {
    const update = change();
    void queries.refetchQueries({ queryKey: KEY }); // reads the old state
    await pass(50);
    server = rename('1', 'new')(server);
    refetchSoon(queries, KEY); // for the event
    update.settle();
    await pass(75);
    expect(names()).toBe('new,other');
    await pass(1_000);
    expect([names(), shown]).toEqual(['new,other', ['new,other']]);
    update.revert();
    expect(names()).toBe('new,other');
  });

  it('stays while the refetch after its event fails', async () => {
    const update = change();
    isFailing = true;
    refetchSoon(queries, KEY);
    update.settle();
    await pass(1_000);
    expect(names()).toBe('new,other');
    isFailing = false;
    server = rename('1', 'server')(server);
    void queries.refetchQueries({ queryKey: KEY });
    await pass(1_000);
    expect(names()).toBe('server,other');
  });

  it('without an event for its query is refetched', async () => {
    const update = change();
    server = rename('1', 'new')(server);
    update.settle();
    expect(names()).toBe('new,other');
    await pass(1_000);
    expect([names(), shown]).toEqual(['new,other', ['new,other']]);
    expect(queries.getQueryState(KEY)?.isInvalidated).toBe(false);
  });

  it('shows what the server made of it after that refetch, which is the only one', async () => {
    const update = change();
    server = rename('1', 'NEW')(server);
    const before = loads;
    update.settle();
    await pass(10_000);
    expect([names(), shown, loads - before]).toEqual(['NEW,other', ['new,other', 'NEW,other'], 1]);
  });

  it('causes no second refetch if its event causes one', async () => {
    const update = change();
    server = rename('1', 'new')(server);
    const before = loads;
    refetchSoon(queries, KEY);
    update.settle();
    await pass(1_000);
    expect([loads - before, event('1', 'new')]).toEqual([1, false]);
  });

  it('keeps the query as old and as invalid as it was', async () => {
    await queries.invalidateQueries({ queryKey: KEY, refetchType: 'none' });
    const before = queries.getQueryState(KEY);
    change().revert();
    change();
    expect(queries.getQueryState(KEY)).toEqual({ ...before, data: queries.getQueryData(KEY) });
    await pass();
  });

  it('is not refetched if the data of the server contains it already', async () => {
    const update = change();
    event('1', 'new');
    update.settle();
    expect(queries.isFetching()).toBe(0);
    update.revert();
    expect(names()).toBe('new,other');
  });

  it('can be one of several, which end in any order', async () => {
    const first = change('1', 'one');
    const second = change('1', 'two');
    expect(names()).toBe('two,other');
    first.revert();
    expect(names()).toBe('two,other');
    const third = change('2', 'three');
    event('1', 'two');
    second.settle();
    expect(names()).toBe('two,three');
    third.revert();
    expect(names()).toBe('two,other');
    await pass();
  });

  it('is refetched if another event updated the query meanwhile, and its own do not', async () => {
    const update = change();
    await pass();
    event('2', 'changed');
    await pass();
    server = rename('1', 'new')(rename('2', 'changed')(server));
    update.settle();
    expect(names()).toBe('new,changed');
    await pass(1_000);
    expect([names(), shown]).toEqual(['new,changed', ['new,other', 'new,changed']]);
    expect(event('1', 'new')).toBe(false); // no layer is left
  });

  it('is refetched if a load that began before its events ended meanwhile', async () => {
    const update = change();
    void queries.refetchQueries({ queryKey: KEY }); // reads the old state
    await pass(50);
    server = rename('1', 'new')(server);
    await pass(75);
    update.settle();
    await pass(1_000);
    expect([names(), shown]).toEqual(['new,other', ['new,other']]);
  });

  it('is undone at once, and for all queries, if its function throws', async () => {
    const broken = (): void =>
      void updateOptimistically(queries, (changed) => {
        changed.setQueryData(KEY, rename('1', 'new'));
        throw new Error('it is broken');
      });
    expect(broken).toThrow('it is broken');
    expect([names(), event('1', 'new')]).toEqual(['old,other', false]);
    await pass();
  });

  it('is refetched after a failure if the application wrote data on top of it', async () => {
    const update = change();
    queries.setQueryData(KEY, rename('2', 'written'));
    update.revert();
    expect(names()).toBe('new,written');
    await pass(1_000);
    expect(names()).toBe('old,other');
  });

  it('is not kept when a cancelled fetch restores the data of its start', async () => {
    const update = change();
    void queries.refetchQueries({ queryKey: KEY });
    await pass(50);
    await queries.cancelQueries({ queryKey: KEY });
    expect(names()).toBe('new,other');
    update.revert();
    expect(names()).toBe('old,other');
  });

  it('does not bring back data of a former user', async () => {
    const update = change();
    server = [];
    void queries.resetQueries({ queryKey: KEY });
    update.revert();
    expect(names()).toBe(undefined);
    await pass(1_000);
    expect(names()).toBe('');
  });

  it('does not bring back a removed query', async () => {
    const update = change();
    queries.removeQueries({ queryKey: KEY });
    queries.setQueryData(KEY, [{ id: '1', name: 'again' }]);
    update.revert();
    expect(names()).toBe('again');
    await pass();
  });

  it('applies to data that is loaded later, and to each query of a prefix', async () => {
    const one = ['apps', 1];
    queries.setQueryData(one, { id: '1', name: 'old' });
    const update = updateOptimistically(queries, (changed) => {
      changed.setQueryData<App>(['apps', 2], (app) => ({ ...app, name: 'new' }));
      changed.setQueriesData<App | App[]>({ queryKey: KEY }, (data) =>
        Array.isArray(data) ? rename('1', 'new')(data) : { ...data, name: 'new' },
      );
    });
    expect([queries.getQueryData(one), names()]).toEqual([{ id: '1', name: 'new' }, 'new,other']);
    queries.setQueryData(['apps', 2], { id: '2', name: 'old' });
    expect(queries.getQueryData(['apps', 2])).toEqual({ id: '2', name: 'new' });
    update.revert();
    expect(queries.getQueryData(one)).toEqual({ id: '1', name: 'old' });
    await pass();
  });
});
