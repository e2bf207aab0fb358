import { randomUUID } from 'node:crypto';
import { applyPatch, isStateReload, type StatePatch } from '../../protocol/index.js';
import type { Broker, ReadLimits } from '../broker/broker.js';
import type { ChannelState, StateProblem, StateSource } from '../delivery/state-source.js';
import { decodeEventBody } from '../schemas/event-body.js';
import { channelOf } from '../tenants/topic.js';
import { sleep } from '../timing/retry.js';
import { alignment } from './align.js';
import { ComposedState, type Snapshot } from './compose-state.js';
import { LoadWait } from './load-wait.js';
import { SnapshotCache } from './snapshot-cache.js';
import { asStateError, RETRY_MS, StateError, stateErrorCode } from './state-error.js';
import type { StateActivity } from './state-activity.js';
import type { LiveResourceInfo, StateLoaders } from './state-loaders.js';
import type { LoadClaim, LoadRight, StateStore } from './state-store.js';
import { snapshotOf, storedOf } from './stored-snapshot.js';
import { UnfinishedLoads } from './unfinished-loads.js';

/** Number of loads in a row whose state was outdated when they ended: more events were published than the history keeps. */
const MAX_LOADS = 3;
/** The lease of a load is longer than its time limit, in milliseconds: its failure, or its result, is stored before it ends. */
const LEASE_MARGIN_MS = 2_000;
/** Right of an instance that stores a state with later events, which it did not load. */
const FORWARDED: LoadRight = { holder: 'forwarded', token: 0 };

/** The parts that {@link LiveStates} uses. */
export interface LiveStatesParts {
  readonly store: StateStore;
  readonly broker: Pick<Broker, 'read' | 'page'>;
  readonly loaders: Pick<StateLoaders, 'find' | 'load' | 'inSlot'>;
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
  private readonly unfinished = new UnfinishedLoads();
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
    const { loaders } = this.parts;
    const waiting = new LoadWait(2 * (resource.loadTimeoutMs + LEASE_MARGIN_MS));
    const holder = this.unfinished.take(topic) ?? randomUUID();
    const attempt = async (): Promise<Snapshot | null> => {
      const right = await this.tryClaim(topic, holder, resource);
      return right === null ? null : this.load(topic, resource, right);
    };
    let loaded = await loaders.inSlot(attempt);
    for (; loaded === null; loaded = await loaders.inSlot(attempt)) {
      if (!(await waiting.next())) throw new StateError('unavailable', RETRY_MS);
    }
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
    const holder = this.unfinished.take(topic) ?? randomUUID();
    const waiting = new LoadWait(2 * (resource.loadTimeoutMs + LEASE_MARGIN_MS), () => this.parts.activity.waited());
    for (let loads = 0; loads < MAX_LOADS;) {
      const known = await this.known(topic, resource);
      if (known !== null && isFresh(known, resource)) return this.keep(topic, known, resource);
      // The slot comes first: a right that waits for one would end before its load.
      const found = await this.parts.loaders.inSlot(() => this.loadOnce(topic, resource, holder));
      if (found === null) {
        if (!(await waiting.next())) break;
        continue;
      }
      loads += 1;
      const present = await this.forward(topic, found, resource);
      if (present !== null) return this.keep(topic, present, resource);
    }
    throw this.fail(topic, new StateError('unavailable', RETRY_MS));
  }

  /** Loads a state unless another instance loads it (`null`), or has just stored it. */
  private async loadOnce(topic: string, resource: LiveResourceInfo, holder: string): Promise<Snapshot | null> {
    const right = await this.tryClaim(topic, holder, resource);
    if (right === null) return null;
    // Another instance may have stored its result between the read and the claim.
    const known = await this.known(topic, resource).catch(async (error: unknown) => {
      await this.release(topic, right, asStateError(error));
      throw error;
    });
    if (known === null || !isFresh(known, resource)) return this.load(topic, resource, right);
    await this.release(topic, right, { code: 'unused', retryMs: 0 });
    return known;
  }

  /** Ends a right to load without a result. */
  private async release(
    topic: string,
    right: LoadRight,
    { code, retryMs }: Pick<StateError, 'retryMs'> & { readonly code: string },
  ): Promise<void> {
    const { store } = this.parts;
    await store.fail(topic, right, code, retryMs).catch(() => this.unfinished.remember(topic, right.holder));
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
      const loaded = { position, data: JSON.parse(json) as unknown, loadedAt, by: randomUUID() };
      const forward = (snapshot: Snapshot): Promise<Snapshot | null> => this.forward(topic, snapshot, resource);
      const event = await alignment(await this.known(topic, resource), loaded, forward, maxEventBytes);
      if (event !== null) await publish(topic, event);
      this.failed.delete(topic);
      await store.write(topic, storedOf(loaded), right, storedMs(loaded, resource));
      return loaded;
    } catch (error) {
      const failure = asStateError(error);
      await this.release(topic, right, failure);
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
    const claim = await this.claim(topic, holder, loadTimeoutMs + LEASE_MARGIN_MS);
    if (claim.state === 'failed') {
      throw this.fail(topic, new StateError(stateErrorCode(claim.code), Math.max(1, claim.retryMs)));
    }
    return claim.state === 'granted' ? claim.right : null;
  }

  private async claim(topic: string, holder: string, leaseMs: number): Promise<LoadClaim> {
    try {
      return await this.parts.store.claim(topic, holder, leaseMs);
    } catch (error) {
      // The right may have been granted, and the answer lost.
      this.unfinished.remember(topic, holder);
      throw error;
    }
  }

  private fail(topic: string, error: StateError): StateError {
    const now = performance.now();
    for (const [other, { until }] of this.failed) if (until <= now) this.failed.delete(other);
    this.failed.set(topic, { error, until: now + error.retryMs });
    return error;
  }
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
