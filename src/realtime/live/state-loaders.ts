import type { ChannelCatalogue } from '../channels/channel-catalogue.js';
import { mayHaveProto, parseWithoutProto } from '../channels/fields/without-proto.js';
import type { StateFields } from '../channels/fields/state-fields.js';
import { stateFieldsOf } from '../channels/live-definition.js';
import { parametersOf } from '../channels/patterns.js';
import { LogLimiter } from '../observability/log-limiter.js';
import { SafeLogger } from '../observability/safe-logger.js';
import { thrownText } from '../observability/thrown-text.js';
import type { LiveOptions } from '../options/live-options.js';
import { toJson } from '../publishing/event-json.js';
import { inTenant } from '../tenants/current-tenant.js';
import { channelOf, tenantOf } from '../tenants/topic.js';
import type { FoundResource } from './find-live-resources.js';
import { LoadSlots } from './load-slots.js';
import type { LoadOutcome, StateActivity } from './state-activity.js';
import { StateError } from './state-error.js';
import { withoutMaps } from './without-maps.js';

/** A live resource, with its limits filled in. */
export interface LiveResourceInfo {
  readonly pattern: string;
  readonly fields: StateFields;
  readonly maxBytes: number;
  readonly ttlMs: number;
  readonly loadTimeoutMs: number;
  readonly loader: FoundResource['loader'];
}

/** Time until a state that was too large is loaded again, in milliseconds. */
const TOO_LARGE_RETRY_MS = 30_000;
/** Times until a failed load is repeated, in milliseconds: doubled with each failure. */
const FIRST_RETRY_MS = 1_000;
const MAX_RETRY_MS = 30_000;

/** Calls the loaders of the application, within their limits. */
export class StateLoaders {
  private readonly resources = new Map<string, LiveResourceInfo>();
  private readonly slots: LoadSlots;
  private readonly log = new LogLimiter(new SafeLogger('Realtime'));
  /** Number of failures in a row, by topic. */
  private readonly failures = new Map<string, number>();

  constructor(
    private readonly catalogue: ChannelCatalogue,
    found: readonly FoundResource[],
    options: LiveOptions,
    private readonly activity: StateActivity,
  ) {
    this.slots = new LoadSlots(options.concurrentLoads);
    for (const { pattern, limits, loader } of found) {
      const { maxBytes = options.maxBytes, ttlMs = options.ttlMs, loadTimeoutMs = options.loadTimeoutMs } = limits;
      const fields = stateFieldsOf(catalogue.find(nameLike(pattern))!)!;
      this.resources.set(pattern, { pattern, fields, maxBytes, ttlMs, loadTimeoutMs, loader });
    }
  }

  get size(): number {
    return this.resources.size;
  }

  /** @returns `null` if the channel has no state */
  find(channel: string): LiveResourceInfo | null {
    const known = this.catalogue.find(channel);
    if (known === null || stateFieldsOf(known) === null) return null;
    // A channel that is registered by name has the pattern of its rule, which can be another one.
    return this.resources.get(channel) ?? this.resources.get(known.pattern) ?? null;
  }

  /** Runs work that loads a state when one of the slots of this instance is free. */
  inSlot<T>(work: () => Promise<T>): Promise<T> {
    return this.slots.run(work);
  }

  /**
   * Loads a state. Call it {@link inSlot}.
   * @returns its JSON
   * @throws StateError
   */
  async load(resource: LiveResourceInfo, topic: string): Promise<string> {
    const start = performance.now();
    let outcome: LoadOutcome = 'loaded';
    try {
      const json = await this.call(resource, topic);
      this.failures.delete(topic);
      return json;
    } catch (error) {
      const failed = this.failureOf(resource, topic, error);
      outcome = failed.code;
      throw failed;
    } finally {
      this.activity.loaded(resource.pattern, topic, outcome, performance.now() - start);
    }
  }

  private async call({ pattern, loader, loadTimeoutMs, maxBytes }: LiveResourceInfo, topic: string): Promise<string> {
    const [channel, tenant] = [channelOf(topic), tenantOf(topic)];
    const signal = AbortSignal.timeout(loadTimeoutMs);
    const params = paramsOf(pattern, channel);
    const loading = inTenant(tenant, async () => loader.load({ channel, params, tenant, signal }));
    const json = withoutProto(toJson(withoutMaps(await orAborted(loading, signal))));
    if (json.length * 3 > maxBytes && Buffer.byteLength(json) > maxBytes) throw new TooLargeError(maxBytes);
    return json;
  }

  private failureOf({ pattern }: LiveResourceInfo, topic: string, error: unknown): StateError {
    this.log.error(`load ${pattern}`, `The state of ${channelOf(topic)} cannot be loaded: ${thrownText(error)}`, error);
    if (error instanceof TooLargeError) return new StateError('too_large', TOO_LARGE_RETRY_MS);
    const failures = this.failures.get(topic) ?? 0;
    this.failures.set(topic, failures + 1);
    if (this.failures.size > MAX_FAILURES) this.failures.delete(this.failures.keys().next().value!);
    return new StateError('unavailable', Math.min(MAX_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(failures, 10)));
  }
}

/** Number of channels whose failures are counted. */
const MAX_FAILURES = 10_000;

class TooLargeError extends Error {
  constructor(maxBytes: number) {
    super(`it is larger than ${maxBytes} bytes as JSON (maxBytes of @LiveResource)`);
  }
}

/** @throws Error at the time limit; the load itself can continue */
function orAborted<T>(loading: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    signal.addEventListener('abort', () =>
      reject(new Error('the load took too long (loadTimeoutMs of @LiveResource)')),
    );
    loading.then(resolve, reject);
  });
}

function withoutProto(json: string): string {
  return mayHaveProto(json) ? JSON.stringify(parseWithoutProto(json)) : json;
}

/** Returns the values of the parameters of a pattern, which matches the name. */
function paramsOf(pattern: string, channel: string): Record<string, string> {
  const names = pattern.split(':');
  const values = channel.split(':');
  const parameters = new Set(parametersOf(pattern).map((name) => `{${name}}`));
  return Object.fromEntries(
    names.flatMap((name, index) => (parameters.has(name) ? [[name.slice(1, -1), values[index]!]] : [])),
  );
}

/** Returns a name that matches a pattern. */
function nameLike(pattern: string): string {
  return pattern.replaceAll(/\{[^}]*\}/g, 'x');
}
