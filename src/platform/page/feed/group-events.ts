import type { RealtimeEvent } from '../../../client/index.js';

/** A row of the feed: an event, or all events of one deployment. */
export interface FeedRow {
  readonly key: string;
  /** Oldest first. The last one of a deployment that shows its progress decides the text. */
  readonly events: readonly [RealtimeEvent, ...RealtimeEvent[]];
  readonly deployment: DeploymentProgress | null;
}

/** The last known state of a deployment, as far as its events are in the feed. */
export interface DeploymentProgress {
  readonly status: string;
  readonly appName: string;
  /** Why it failed; `null` otherwise. */
  readonly reason: string | null;
}

/** @param events oldest first @returns rows, the one with the newest event first */
export function groupEvents(events: readonly RealtimeEvent[], keyOf: (event: RealtimeEvent) => number): FeedRow[] {
  const rows = new Map<string, [RealtimeEvent, ...RealtimeEvent[]]>();
  for (const event of events) {
    const id = deploymentOf(event);
    const key = id === null ? `event ${keyOf(event)}` : `deployment ${id}`;
    const before = rows.get(key);
    rows.delete(key); // a row moves to the top with each of its events
    rows.set(key, before === undefined ? [event] : [...before, event]);
  }
  return [...rows].toReversed().map(([key, of]) => ({ key, events: of, deployment: progressOf(of) }));
}

/** Returns the id of the deployment that caused the event; `null` without one. */
function deploymentOf({ channel, data }: RealtimeEvent): string | null {
  const { id, deploymentId } = fieldsOf(data);
  const found = channel.startsWith('deployments:') ? id : deploymentId;
  return typeof found === 'string' ? found : null;
}

/** Returns `null` if none of the events shows the progress. */
function progressOf(events: readonly RealtimeEvent[]): DeploymentProgress | null {
  const last = events.findLast(({ channel }) => channel.startsWith('deployments:'));
  const { status, appName, reason } = fieldsOf(last?.data);
  if (typeof status !== 'string' || typeof appName !== 'string') return null;
  return { status, appName, reason: typeof reason === 'string' ? reason : null };
}

/** Any service can publish, so the data can be anything. */
function fieldsOf(data: unknown): Readonly<Record<string, unknown>> {
  return typeof data === 'object' && data !== null ? (data as Readonly<Record<string, unknown>>) : {};
}
