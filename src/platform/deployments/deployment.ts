import type { ChannelDefinition } from '../../realtime/index.js';

/** One deployment of an application. It begins as `started` and ends as `completed` or `failed`. */
export interface Deployment {
  readonly id: string;
  readonly appId: string;
  readonly appName: string;
  readonly status: 'started' | 'building' | 'deploying' | 'completed' | 'failed';
  /** Why it failed; `null` otherwise. */
  readonly reason: string | null;
  readonly startedBy: string;
  readonly startedAt: Date;
  /** `null` while the deployment is in progress. */
  readonly endedAt: Date | null;
}

/** Status of a deployment that has not ended. */
export type OpenStatus = Exclude<Deployment['status'], 'completed' | 'failed'>;

/** The columns of a {@link Deployment}. */
export const DEPLOYMENT_COLUMNS = `
  id, app_id as "appId", (select name from apps where apps.id = app_id) as "appName", status, reason,
  started_by as "startedBy", started_at as "startedAt", ended_at as "endedAt"`;

/** Failure reason of a deployment that its user cancelled. */
export const CANCELLED = 'Cancelled';

/** Failure reason of a deployment that a shutdown interrupted. */
export const INTERRUPTED = 'The server that ran the deployment was stopped';

/** Channel of the logs: streams. `DeploymentLogPolicy` decides who can read and cancel them. */
export const DEPLOYMENT_LOG: ChannelDefinition = { name: 'deployments:{id}:log', stream: true };

/** Returns the channel of a deployment's log. */
export function logOf(id: string): string {
  return `deployments:${id}:log`;
}
