import { randomUUID } from 'node:crypto';
import { applyPatch, isStateReload, type StatePatch } from '../../protocol/index.js';
import type { Broker, ReadLimits } from '../broker/broker.js';
import type { ChannelState, StateProblem, StateSource } from '../delivery/state-source.js';
import { decodeEventBody } from '../schemas/event-body.js';
import { channelOf } from '../tenants/topic.js';
import { sleep } from '../timing/retry.js';
import { alignment } from './align.js';
import { ComposedState, type Snapshot } from './compose-state.js';
import { SnapshotCache } from './snapshot-cache.js';
import { StateError, stateErrorCode } from './state-error.js';
import type { StateActivity } from './state-activity.js';
import type { LiveResourceInfo, StateLoaders } from './state-loaders.js';
import type { LoadRight, StateStore } from './state-store.js';
import { snapshotOf, storedOf } from './stored-snapshot.js';

/** Interval at which the result of a load of another instance is read, in milliseconds. */
const POLL_MS = 50;
/** Delay before the next attempt if the backend does not answer, in milliseconds. */
const RETRY_MS = 500;
/** Number of loads in a row whose state was outdated when they ended: more events were published than the history keeps. */
const MAX_LOADS = 3;
/** Right of an instance that stores a state with later events, which it did not load. */
const FORWARDED: LoadRight = { holder: 'forwarded', token: 0 };

/** The parts that {@link LiveStates} uses. */
export interface LiveStatesParts {
  readonly store: StateStore;
  readonly broker: Pick<Broker, 'read' | 'page'>;
  readonly loaders: StateLoaders;
  readonly activity: StateActivity;
  /** Publishes an event of a topic. */
  readonly publish: (topic: string, data: object) => Promise<void>;
  readonly limits: ReadLimits;
  readonly maxEventBytes: number;
  readonly cacheBytes: number;
}

/**
 * The states of channels on this instance. A state is loaded once for all instances: the first one gets the right to load from the
 * store, and the others wait for the result. Later events are applied over it.
 *
 * At a position all clients, stores and caches hold the same state: a load that finds another one publishes the difference before
 * its result is used.
 */
export class LiveStates implements StateSource {
  readonly cache: SnapshotCache;
  /** By topic: the running search for the current state, shared by all clients that wait for it. */
  private readonly running = new Map<string, Promise<ComposedState>>();
  /** By topic: a failure, and the time until which it holds (`performance.now()`). */
  private readonly failed = new Map<string, { readonly error: StateError; readonly until: number }>();
  private isClosed = false;

  constructor(private readonly parts: LiveStatesParts) {
    this.cache = new SnapshotCache(parts.cacheBytes);
  }

  async current(
    topic: string,
    onProblem: (problem: StateProblem) => void,
    isOver: () => boolean,
  ): Promise<ChannelState | null> {
    let reported: string | null = null;
    while (!isOver() && !this.isClosed) {
      try {
        return await this.present(topic);
      } catch (error) {
        const { code, message, retryMs } = asStateError(error);
        if (code !== reported) onProblem({ code, message });
        reported = code;
        await sleep(retryMs);
      }
    }
    return null;
  }

  /** Loads a state again, and publishes what changed. @throws StateError or RealtimeUnavailableError */
  async reload(topic: string, resource: LiveResourceInfo): Promise<void> {
    const until = performance.now() + 2 * resource.loadTimeoutMs + RETRY_MS;
    const holder = randomUUID();
    let right = await this.tryClaim(topic, holder, resource);
    for (; right === null; right = await this.tryClaim(topic, holder, resource)) {
      if (performance.now() > until) throw new StateError('unavailable', RETRY_MS);
      await sleep(POLL_MS);
    }
    const loaded = await this.load(topic, resource, right);
    const present = await this.forward(topic, loaded, resource);
    if (present !== null) this.keep(topic, present, resource);
  }

  /** Applies the events that arrived to the cached state, and stores it: older events leave the history. */
  async advance(topic: string): Promise<void> {
    const cached = this.cache.get(topic)?.snapshot;
    const resource = this.parts.loaders.find(channelOf(topic));
    if (cached === undefined || resource === null) return;
    const present = await this.forward(topic, cached, resource);
    if (present === null) return;
    this.keep(topic, present, resource);
    await this.parts.store.write(topic, storedOf(present), FORWARDED, storedMs(present, resource));
  }

  /** Position of the cached state of a topic. */
  cachedOffset(topic: string): number | null {
    return this.cache.peek(topic)?.position.offset ?? null;
  }

  sent(topic: string, bytes: number): void {
    const resource = this.parts.loaders.find(channelOf(topic));
    if (resource !== null) this.parts.activity.sent(resource.pattern, bytes);
  }

  close(): void {
    this.isClosed = true;
  }

  /** Returns the state at the current position, with all events that were published before the call. */
  private async present(topic: string): Promise<ComposedState> {
    // A running search may have read the position before the call.
    await this.running.get(topic)?.catch(() => undefined);
    const failure = this.failed.get(topic);
    if (failure !== undefined) {
      const retryMs = failure.until - performance.now();
      if (retryMs > 0) throw new StateError(failure.error.code, retryMs);
      this.failed.delete(topic);
    }
    let running = this.running.get(topic);
    if (running === undefined) {
      running = this.find(topic).finally(() => this.running.delete(topic));
      this.running.set(topic, running);
    }
    return running;
  }

  private async find(topic: string): Promise<ComposedState> {
    const resource = this.parts.loaders.find(channelOf(topic));
    if (resource === null) throw new StateError('unavailable', RETRY_MS);
    const holder = randomUUID();
    const until = performance.now() + 2 * resource.loadTimeoutMs + RETRY_MS;
    let isWaiting = false;
    for (let loads = 0; loads < MAX_LOADS;) {
      const known = await this.known(topic, resource);
      if (known !== null && isFresh(known, resource)) return this.keep(topic, known, resource);
      const right = await this.tryClaim(topic, holder, resource);
      if (right === null) {
        if (performance.now() > until) break;
        if (!isWaiting) this.parts.activity.waited();
        isWaiting = true;
        await sleep(POLL_MS);
        continue;
      }
      // Another instance may have stored its result between the read and the claim.
      const meanwhile = await this.known(topic, resource);
      if (meanwhile !== null && isFresh(meanwhile, resource)) {
        await this.parts.store.fail(topic, right, 'unused', 0);
        return this.keep(topic, meanwhile, resource);
      }
      loads += 1;
      const loaded = await this.forward(topic, await this.load(topic, resource, right), resource);
      if (loaded !== null) return this.keep(topic, loaded, resource);
    }
    throw this.fail(topic, new StateError('unavailable', RETRY_MS));
  }

  /** Returns the newest state that is cached or stored, with the later events; `null` if there is none. Never loads. */
  private async known(topic: string, resource: LiveResourceInfo): Promise<Snapshot | null> {
    const cached = this.cache.get(topic)?.snapshot;
    const forwarded = cached === undefined ? null : await this.forward(topic, cached, resource);
    if (forwarded !== null && isFresh(forwarded, resource)) return forwarded;
    const stored = snapshotOf(await this.parts.store.read(topic));
    const present = stored === null ? null : await this.forward(topic, stored, resource);
    return present ?? forwarded;
  }

  /** Loads a state with a right that was granted before, aligns all clients with it, and stores it. */
  private async load(topic: string, resource: LiveResourceInfo, right: LoadRight): Promise<Snapshot> {
    const { store, broker, loaders, limits, maxEventBytes, publish } = this.parts;
    try {
      // Read before the load: the load may contain later events, which are applied over it again. None of them is lost.
      const { top: position } = (await broker.page(topic, null, { ...limits, maxEvents: 1 }))!;
      const loadedAt = Date.now();
      const json = await loaders.load(resource, topic);
      const loaded = { position, data: JSON.parse(json) as unknown, loadedAt, by: right.holder };
      const forward = (snapshot: Snapshot): Promise<Snapshot | null> => this.forward(topic, snapshot, resource);
      const event = await alignment(await this.known(topic, resource), loaded, forward, maxEventBytes);
      if (event !== null) await publish(topic, event);
      this.failed.delete(topic);
      await store.write(topic, storedOf(loaded), right, storedMs(loaded, resource));
      return loaded;
    } catch (error) {
      const failure = asStateError(error);
      await store.fail(topic, right, failure.code, failure.retryMs).catch(() => undefined);
      throw this.fail(topic, failure);
    }
  }

  /** Applies the events after a snapshot. @returns `null` if they are not all kept, or one of them contains no change */
  private async forward(topic: string, snapshot: Snapshot, { fields }: LiveResourceInfo): Promise<Snapshot | null> {
    const result = await this.parts.broker.read(topic, snapshot.position, this.parts.limits);
    if (!result.ok) return null;
    let { data } = snapshot;
    for (const { body, position } of result.events) {
      const patch = patchOf(fields.received(body, position), snapshot.by);
      if (patch === null) return null;
      data = applyPatch(data, patch);
    }
    return { ...snapshot, position: result.top, data };
  }

  /** Keeps a state for the next subscribers. @throws StateError if it has become too large */
  private keep(topic: string, snapshot: Snapshot, resource: LiveResourceInfo): ComposedState {
    const known = this.cache.get(topic);
    if (known !== null && known.snapshot.data === snapshot.data && isSame(known.snapshot, snapshot)) return known;
    const bytes = Buffer.byteLength(JSON.stringify(snapshot.data));
    if (bytes > resource.maxBytes) throw this.fail(topic, new StateError('too_large', RETRY_MS));
    const composed = new ComposedState(channelOf(topic), snapshot, resource.fields);
    this.cache.set(topic, composed, bytes);
    return composed;
  }

  /** @returns `null` if another holder loads @throws StateError if a load has failed just before */
  private async tryClaim(
    topic: string,
    holder: string,
    { loadTimeoutMs }: LiveResourceInfo,
  ): Promise<LoadRight | null> {
    const claim = await this.parts.store.claim(topic, holder, loadTimeoutMs);
    if (claim.state === 'failed') {
      throw this.fail(topic, new StateError(stateErrorCode(claim.code), Math.max(1, claim.retryMs)));
    }
    return claim.state === 'granted' ? claim.right : null;
  }

  private fail(topic: string, error: StateError): StateError {
    const now = performance.now();
    for (const [other, { until }] of this.failed) if (until <= now) this.failed.delete(other);
    this.failed.set(topic, { error, until: now + error.retryMs });
    return error;
  }
}

function asStateError(error: unknown): StateError {
  return error instanceof StateError ? error : new StateError('unavailable', RETRY_MS);
}

function isFresh({ loadedAt }: Snapshot, { ttlMs }: LiveResourceInfo): boolean {
  return Date.now() - loadedAt < ttlMs;
}

/** A state is stored for longer than it is used: the next load publishes only what differs from it. */
function storedMs({ loadedAt }: Snapshot, { ttlMs }: LiveResourceInfo): number {
  return Math.max(1, 2 * ttlMs - (Date.now() - loadedAt));
}

function isSame({ position: one, by, loadedAt }: Snapshot, other: Snapshot): boolean {
  const { epoch, offset } = other.position;
  return one.epoch === epoch && one.offset === offset && by === other.by && loadedAt === other.loadedAt;
}

/** @returns `null` if the event contains no change, or is not a patch */
function patchOf(body: string, by: string): StatePatch | null {
  try {
    const { data } = decodeEventBody(body);
    if (isStateReload(data)) return (data as { by?: unknown }).by === by ? {} : null;
    applyPatch(null, data as StatePatch);
    return data as StatePatch;
  } catch {
    return null;
  }
}
