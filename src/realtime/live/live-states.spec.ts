import { Expose, Type } from 'class-transformer';
import { until } from '../../../test/support/until.js';
import { eventBody, formatPosition, type StatePatch } from '../../protocol/index.js';
import { RealtimeUnavailableError } from '../broker/errors.js';
import { MemoryBroker } from '../backends/memory/memory.broker.js';
import { MemoryStateStore } from '../backends/memory/memory.state-store.js';
import { StateFields } from '../channels/fields/state-fields.js';
import { NO_GROUPS } from '../channels/fields/field-groups.js';
import { Counters } from '../observability/counters.js';
import { decodeEventBody } from '../schemas/event-body.js';
import { LiveStates, type LiveStatesParts } from './live-states.js';
import { LoadSlots } from './load-slots.js';
import { StateActivity } from './state-activity.js';
import { StateError } from './state-error.js';
import type { LiveResourceInfo } from './state-loaders.js';

const TOPIC = 'boards:7';
const LIMITS = { maxEvents: 1_000, maxBytes: 1_000_000 };

class Card {
  title!: string;
}

class Board {
  @Type(() => Card)
  cards!: Map<string, Card>;

  @Expose({ groups: ['admin'] })
  budget?: number;
}

/** Counts how often it is read. */
class CountingStore extends MemoryStateStore {
  reads = 0;

  override read(topic: string): ReturnType<MemoryStateStore['read']> {
    this.reads += 1;
    return super.read(topic);
  }
}

/** Instances with one resource, whose database, log and store they share. */
class World {
  readonly log = new MemoryBroker();
  now = 0;
  readonly store = new CountingStore(() => this.now);
  /** Loads that began, by instance. */
  readonly loads: number[] = [];
  /** The database. */
  read: () => unknown = () => ({ a: 0 });
  history = { size: 100, ttlMs: 60_000 };
  resource: LiveResourceInfo = {
    ...{ pattern: 'boards:{id}', fields: StateFields.ofState(Board), maxBytes: 10_000 },
    ...{ ttlMs: 3_600_000, loadTimeoutMs: 5_000, loader: { load: () => Promise.reject(new Error('never')) } },
  };

  instance(parts: Partial<LiveStatesParts> = {}, slots = 16): LiveStates {
    const index = this.loads.push(0) - 1;
    const free = new LoadSlots(slots);
    const load = async (): Promise<string> => {
      this.loads[index]! += 1;
      return JSON.stringify(await this.read());
    };
    const loaders = {
      ...{ find: () => this.resource, load },
      inSlot: <T>(work: () => Promise<T>) => free.run(work),
    };
    return new LiveStates({
      ...{ store: this.store, broker: this.log, loaders, limits: LIMITS, maxEventBytes: 65_536, cacheBytes: 1_000_000 },
      ...{ activity: new StateActivity(new Counters(), []), publish: (_topic, data) => this.publish(data), ...parts },
    });
  }

  async publish(data: object): Promise<void> {
    const body = eventBody(TOPIC, JSON.stringify(data), '2026-01-01T12:00:00.000Z');
    await this.log.publish({ topic: TOPIC, body, history: this.history, timeoutMs: 1_000 });
  }

  patch(set: StatePatch['set']): Promise<void> {
    return this.publish({ set });
  }

  /** The data of all events. */
  async events(): Promise<unknown[]> {
    const { events } = (await this.log.page(TOPIC, null, LIMITS))!;
    return events.map(({ body }) => decodeEventBody(body).data);
  }

  async top(): Promise<string> {
    return formatPosition((await this.log.page(TOPIC, null, LIMITS))!.top);
  }
}

const silent = (): void => undefined;

/** The state that a client without a role receives, and its position. */
async function shown(states: LiveStates): Promise<{ id: string; data: unknown }> {
  const found = await states.current(TOPIC, silent, () => false);
  const [frame] = found!.framesFor(NO_GROUPS);
  const { id, data } = JSON.parse(String(frame)) as { id: string; data: unknown };
  return { id, data };
}

describe('LiveStates', () => {
  let world: World;
  beforeEach(async () => {
    world = new World();
    await world.log.subscribe(TOPIC, world.history);
  });

  it('loads once for all callers of two instances', async () => {
    const [one, two] = [world.instance(), world.instance()];
    const all = await Promise.all([one, two, one, two, one].map(shown));
    expect(new Set(all.map((state) => JSON.stringify(state))).size).toBe(1);
    expect(world.loads[0]! + world.loads[1]!).toBe(1);
    await shown(two);
    expect(world.loads[0]! + world.loads[1]!).toBe(1);
  });

  it('reads no store while its memory has the state', async () => {
    const states = world.instance();
    await shown(states);
    const { reads: before } = world.store;
    await world.patch({ '/a': 1 });
    expect((await shown(states)).data).toEqual({ a: 1 });
    expect(world.store.reads).toBe(before);
    expect((await shown(world.instance())).data).toEqual({ a: 1 }); // another instance has to
    expect(world.store.reads).toBe(before + 1);
  });

  it('applies what is published while it loads, whether or not the load contains it', async () => {
    const states = world.instance();
    world.read = async () => {
      await world.patch({ '/a': 1 });
      return { a: 0, cards: {} };
    };
    expect(await shown(states)).toEqual({ id: await world.top(), data: { a: 1, cards: {} } });
  });

  it('returns the state after all events that were published before the call', async () => {
    const [one, two] = [world.instance(), world.instance()];
    await shown(one);
    await world.patch({ '/a': 5 });
    for (const states of [one, two]) expect(await shown(states)).toEqual({ id: await world.top(), data: { a: 5 } });
    expect(world.loads).toEqual([1, 0]);
  });

  it('does not use the result of a search that began before the call', async () => {
    const { log } = world;
    let isHeld = false;
    let answer: (() => void) | null = null;
    const states = world.instance({
      broker: {
        page: (...given) => log.page(...given),
        read: async (...given: Parameters<MemoryBroker['read']>) => {
          const result = await log.read(...given);
          if (isHeld) await new Promise<void>((resolve) => (answer = resolve));
          return result;
        },
      },
    });
    await shown(states);
    isHeld = true;
    const first = shown(states);
    await until(() => answer !== null);
    await world.patch({ '/a': 9 });
    const second = shown(states);
    isHeld = false;
    (answer as (() => void) | null)?.();
    await first;
    expect((await second).data).toEqual({ a: 9 });
  });

  it('publishes what a load found, before the loaded state is used', async () => {
    const [one, two] = [world.instance(), world.instance()];
    await shown(one);
    world.read = () => ({ a: 0, b: 1 });
    await two.reload(TOPIC, world.resource);
    expect((await world.events()).at(-1)).toMatchObject({ set: { '/b': 1 } });
    for (const states of [one, two])
      expect(await shown(states)).toEqual({ id: await world.top(), data: { a: 0, b: 1 } });
    expect(world.loads).toEqual([1, 1]);
  });

  it('publishes nothing if a load finds the same', async () => {
    const states = world.instance();
    await shown(states);
    const before = await world.events();
    await states.reload(TOPIC, world.resource);
    expect(await world.events()).toEqual(before);
  });

  it('does not apply a difference that another event preceded', async () => {
    const overtaken = world.instance({
      publish: async (_topic, data) => {
        await world.patch({ '/b': 7 });
        await world.publish(data);
      },
    });
    const other = world.instance();
    await shown(other);
    world.read = () => ({ a: 0, b: 1, long: 'x'.repeat(100) });
    const before = await shown(other);
    await overtaken.reload(TOPIC, world.resource);
    expect((await world.events()).at(-1)).toMatchObject({ after: before.id });
    const [mine, others] = [await shown(overtaken), await shown(other)];
    expect(mine).toEqual({ id: await world.top(), data: { a: 0, b: 7, long: 'x'.repeat(100) } });
    expect(others).toEqual(mine);
  });

  it('gives each load another id, so that no state passes the announcement of another load', async () => {
    const states = world.instance();
    world.history = { size: 2, ttlMs: 60_000 };
    let loads = 0;
    world.read = async () => {
      loads += 1;
      if (loads === 1) for (let at = 0; at < 5; at += 1) await world.patch({ '/a': at });
      return { a: loads };
    };
    const published: { by?: string }[] = [];
    const publish = world.publish.bind(world);
    world.publish = (data) => {
      published.push(data);
      return publish(data);
    };
    expect((await shown(states)).data).toEqual({ a: 2 });
    const ids = published.flatMap(({ by }) => by ?? []);
    expect(ids).toHaveLength(2);
    expect(new Set(ids).size).toBe(2);
  });

  it('stores the events of a state, so that they can leave the history', async () => {
    const [one, two] = [world.instance(), world.instance()];
    world.history = { size: 3, ttlMs: 60_000 };
    await shown(one);
    for (let at = 1; at <= 8; at += 1) {
      await world.patch({ '/a': at });
      if (at % 2 === 0) await one.advance(TOPIC);
    }
    expect(await shown(two)).toEqual({ id: await world.top(), data: { a: 8 } });
    expect(world.loads).toEqual([1, 0]);
  });

  describe('that loses the backend while it has the right to load', () => {
    const lost = (): Promise<never> => Promise.reject(new RealtimeUnavailableError('Redis is unavailable'));

    it.each(['read', 'claim', 'page', 'write'] as const)(
      'loads at once when it is back, after a failed %s',
      async (call) => {
        const { store, log } = world;
        const claim = store.claim.bind(store);
        /** The next call of the method is rejected. */
        const lose = (of: MemoryStateStore | MemoryBroker, method: string): void => {
          Object.defineProperty(of, method, {
            configurable: true,
            value: () => (Reflect.deleteProperty(of, method), lost()),
          });
        };
        lose(store, 'fail');
        store.claim = async (...args) => {
          store.claim = claim;
          const granted = await claim(...args);
          if (call === 'claim') return lost();
          lose(call === 'page' ? log : store, call);
          return granted;
        };
        expect(await shown(world.instance())).toMatchObject({ data: { a: 0 } });
      },
    );
  });

  it('loads after the lease of an instance that was killed', async () => {
    await world.store.claim(TOPIC, 'killed', 10_000);
    const states = world.instance();
    const found = shown(states);
    await new Promise((resolve) => setTimeout(resolve, 1));
    expect(world.loads).toEqual([0]);
    world.now = 10_001;
    await found;
    expect(world.loads).toEqual([1]);
  });

  it('holds its right for longer than a load can take', async () => {
    const states = world.instance();
    const answers: string[] = [];
    world.read = async () => {
      world.now += world.resource.loadTimeoutMs + 1;
      answers.push((await world.store.claim(TOPIC, 'another', 1_000)).state);
      throw new StateError('unavailable', 20);
    };
    const problems: string[] = [];
    await states
      .current(
        TOPIC,
        ({ code }) => problems.push(code),
        () => problems.length > 0,
      )
      .catch(silent);
    expect([answers, problems]).toEqual([['held'], ['unavailable']]);
    expect(await world.store.claim(TOPIC, 'another', 1_000)).toMatchObject({ state: 'failed', retryMs: 20 });
  });

  it('waits for a slot before it takes the right to load', async () => {
    const states = world.instance({}, 0);
    void shown(states).catch(silent);
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect((await world.store.claim(TOPIC, 'another', 1_000)).state).toBe('granted');
    states.close();
  });

  it('loads again after its time, and keeps the state of the clients until then', async () => {
    world.resource = { ...world.resource, ttlMs: 1 };
    const states = world.instance();
    await shown(states);
    await new Promise((resolve) => setTimeout(resolve, 5));
    world.read = () => ({ a: 0, c: 1 });
    expect((await shown(states)).data).toEqual({ a: 0, c: 1 });
    expect((await world.events()).at(-1)).toMatchObject({ set: { '/c': 1 } });
  });

  it('reports a state that has become too large by patches', async () => {
    const states = world.instance();
    await shown(states);
    await world.patch({ '/a': 'x'.repeat(10_001) });
    const problems: string[] = [];
    await states.current(
      TOPIC,
      ({ code }) => problems.push(code),
      () => problems.length > 0,
    );
    expect(problems).toEqual(['too_large']);
  });

  it('loads again after an event that is not a patch', async () => {
    const states = world.instance();
    await shown(states);
    await world.publish({ set: { a: 1 } });
    world.read = () => ({ a: 3 });
    expect((await shown(states)).data).toEqual({ a: 3 });
    expect(world.loads).toEqual([2]);
  });

  it('sends no restricted field to a client without its role', async () => {
    world.read = () => ({ budget: 4711, cards: { 1: { title: 'x' } } });
    expect((await shown(world.instance())).data).toEqual({ cards: { 1: { title: 'x' } } });
  });
});
