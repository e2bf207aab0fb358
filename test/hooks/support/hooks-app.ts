import { Lease, OnRealtime, type RealtimeHook, type RealtimeHooks } from '../../../src/realtime/index.js';
import { RealtimeApp, type TestOptions } from '../../realtime/support/realtime-app.js';
import { until } from '../../support/until.js';

export const ROOM = 'rooms:one';
export const GRACE_MS = 150;
/** Short enough for tests that wait for the end of a lease. */
export const SHORT_LEASE: Lease = { leaseMs: 1_000, renewMs: 200 };

/** A call of a hook. */
export type Call = { [E in RealtimeHook]: readonly [event: E, payload: RealtimeHooks[E]] }[RealtimeHook];

/** Records the calls of all hooks of one instance. */
export class Recorder {
  readonly calls: Call[] = [];
  /** Called by the hook `occupied`. */
  onOccupied: () => unknown = () => undefined;

  @OnRealtime('connected')
  connected(payload: RealtimeHooks['connected']): void {
    this.calls.push(['connected', payload]);
  }

  @OnRealtime('disconnected')
  disconnected(payload: RealtimeHooks['disconnected']): void {
    this.calls.push(['disconnected', payload]);
  }

  @OnRealtime('subscribed')
  subscribed(payload: RealtimeHooks['subscribed']): void {
    this.calls.push(['subscribed', payload]);
  }

  @OnRealtime('unsubscribed')
  async unsubscribed(payload: RealtimeHooks['unsubscribed']): Promise<void> {
    this.calls.push(['unsubscribed', payload]);
  }

  @OnRealtime('occupied', 'rooms:{id}')
  async occupied(payload: RealtimeHooks['occupied']): Promise<void> {
    this.calls.push(['occupied', payload]);
    await this.onOccupied();
  }

  @OnRealtime('vacated', ['rooms:{id}'])
  vacated(payload: RealtimeHooks['vacated']): void {
    this.calls.push(['vacated', payload]);
  }

  @OnRealtime('released')
  released(payload: RealtimeHooks['released']): void {
    this.calls.push(['released', payload]);
  }

  @OnRealtime('online')
  online(payload: RealtimeHooks['online']): void {
    this.calls.push(['online', payload]);
  }

  @OnRealtime('offline')
  offline(payload: RealtimeHooks['offline']): void {
    this.calls.push(['offline', payload]);
  }

  /** Payloads of one event, in order. */
  of<E extends RealtimeHook>(event: E): RealtimeHooks[E][] {
    return this.calls.flatMap((call) => (call[0] === event ? [call[1] as RealtimeHooks[E]] : []));
  }
}

/** An instance with its recorder. */
export interface HooksInstance {
  readonly app: RealtimeApp;
  readonly hooks: Recorder;
}

export async function startHooks(redisUrl: string | null, options: TestOptions = {}): Promise<HooksInstance> {
  const hooks = new Recorder();
  const app = await RealtimeApp.start(
    {
      occupancyGraceMs: GRACE_MS,
      channels: [
        { name: 'rooms:{id}', access: 'public', occupancy: true },
        { name: 'halls:{id}', access: 'public', history: false },
      ],
      ...(redisUrl === null ? {} : { redis: { url: redisUrl } }),
      ...options,
    },
    {
      providers: [{ provide: Recorder, useValue: hooks }],
      prepare: (nest) => void Object.assign(nest.get(Lease), SHORT_LEASE),
    },
  );
  return { app, hooks };
}

type ChangeEvent = 'occupied' | 'vacated' | 'online' | 'offline';

/** Changes of a channel or user that several instances announced, in the order of their sequences. */
export function changesOf(recorders: readonly Recorder[], name: string) {
  return recorders
    .flatMap(({ calls }) => calls)
    .flatMap(([event, payload]) =>
      'sequence' in payload && ('channel' in payload ? payload.channel : payload.userId) === name
        ? [{ event: event as ChangeEvent, ...payload }]
        : [],
    )
    .toSorted((a, b) => a.sequence - b.sequence);
}

/** Waits until these changes of a channel or user were announced, and no others. */
export async function expectChanges(
  recorders: readonly Recorder[],
  name: string,
  ...events: ChangeEvent[]
): Promise<void> {
  const found = (): string[] => changesOf(recorders, name).map(({ event }) => event);
  await until(() => found().length >= events.length);
  if (String(found()) !== String(events)) throw new Error(`${name}: ${String(found())}, not ${String(events)}`);
}
