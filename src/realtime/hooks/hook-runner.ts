import type { Counters } from '../observability/counters.js';
import { LogLimiter } from '../observability/log-limiter.js';
import { runSafely, safely } from '../observability/run-safely.js';
import { SafeLogger } from '../observability/safe-logger.js';
import { inTenant } from '../tenants/current-tenant.js';
import { withTimeout } from '../timing/with-timeout.js';
import type { FoundHook } from './find-hooks.js';
import type { RealtimeHook, RealtimeHooks } from './on-realtime.js';

/** Time after which a call is no longer awaited, in milliseconds. */
export const HOOK_MS = 10_000;
/** Maximum number of concurrent calls about clients, and of those that wait. */
const CONCURRENT_CALLS = 100;
const MAX_WAITING = 10_000;
/** Maximum time that calls about clients take in one turn of the event loop, in milliseconds. */
const TURN_MS = 5;

const LATE = Symbol('late');

/** Calls hooks. A hook can throw, reject or hang: that is logged and counted, and stops nothing else. */
export class HookRunner {
  private readonly byEvent = new Map<RealtimeHook, FoundHook[]>();
  private readonly log = new LogLimiter(new SafeLogger('Realtime'));
  private waiting: (() => Promise<void>)[] = [];
  private running = 0;
  private scheduled = false;

  constructor(
    hooks: readonly FoundHook[],
    private readonly counters: Pick<Counters, 'hookCalls'>,
    /** Time limit of a call. */
    private readonly limitMs = HOOK_MS,
  ) {
    for (const hook of hooks) this.byEvent.set(hook.event, [...(this.byEvent.get(hook.event) ?? []), hook]);
  }

  /** Returns true if there is a hook for any of these events. */
  has(...events: RealtimeHook[]): boolean {
    return events.some((event) => this.byEvent.has(event));
  }

  /** Returns true if there is a hook for any of these events and this channel. */
  hasFor(channel: string, ...events: RealtimeHook[]): boolean {
    return events.some((event) => this.byEvent.get(event)?.some(({ accepts }) => accepts(channel)) === true);
  }

  /** Calls the hooks soon, after the running work of the gateway. They are called in the order of these calls. */
  later<Event extends RealtimeHook>(event: Event, payload: RealtimeHooks[Event]): void {
    const hooks = this.hooksFor(event, payload);
    for (const hook of hooks) {
      if (this.waiting.length >= MAX_WAITING) {
        this.failed('dropped', hook, new Error(`${MAX_WAITING} calls are waiting`));
        continue;
      }
      this.waiting.push(() => this.call(hook, payload));
    }
    if (hooks.length > 0) this.schedule();
  }

  /** Calls the hooks now. Resolves when they have ended, or after the time limit. Never rejects. */
  async now<Event extends RealtimeHook>(event: Event, payload: RealtimeHooks[Event]): Promise<void> {
    await Promise.all(this.hooksFor(event, payload).map((hook) => this.call(hook, payload)));
  }

  private hooksFor(event: RealtimeHook, payload: RealtimeHooks[RealtimeHook]): readonly FoundHook[] {
    const hooks = this.byEvent.get(event) ?? [];
    return 'channel' in payload ? hooks.filter(({ accepts }) => accepts(payload.channel)) : hooks;
  }

  private schedule(): void {
    if (this.scheduled) return;
    this.scheduled = true;
    setImmediate(this.start);
  }

  private readonly start = safely('The calls of hooks', () => {
    this.scheduled = false;
    const end = performance.now() + TURN_MS;
    let started = 0;
    while (started < this.waiting.length && this.running < CONCURRENT_CALLS && performance.now() < end) {
      this.running += 1;
      const call = this.waiting[started]!;
      started += 1;
      runSafely('A hook', async () => {
        await call();
        this.running -= 1;
        if (this.waiting.length > 0) this.schedule();
      });
    }
    this.waiting = this.waiting.slice(started);
    if (this.waiting.length > 0 && this.running < CONCURRENT_CALLS) this.schedule();
  });

  private async call(hook: FoundHook, payload: RealtimeHooks[RealtimeHook]): Promise<void> {
    try {
      const work = inTenant(payload.tenant, async () => hook.call(payload));
      const late = await withTimeout(work, this.limitMs, () => LATE);
      if (late === LATE) this.failed('timed_out', hook, new Error(`it runs for more than ${this.limitMs} ms`));
      else this.counters.hookCalls.add('succeeded');
    } catch (error) {
      this.failed('threw', hook, error);
    }
  }

  private failed(outcome: string, { event, name }: FoundHook, error: unknown): void {
    this.counters.hookCalls.add(outcome);
    this.log.error(`${outcome} ${name}`, `@OnRealtime('${event}') ${name}: ${outcome}`, error);
  }
}
