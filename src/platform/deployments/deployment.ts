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

/** The columns of a {@link Deployment}. */
export const DEPLOYMENT_COLUMNS = `
  id, app_id as "appId", (select name from apps where apps.id = app_id) as "appName", status, reason,
  started_by as "startedBy", started_at as "startedAt", ended_at as "endedAt"`;

/** Failure reason of a deployment that its user cancelled. */
export const CANCELLED = 'Cancelled';
