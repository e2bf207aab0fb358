import { useRealtimeInvalidation, useRealtimePatch } from '../../../react/query.js';
import { patchApps, patchDeployments } from './patches.js';

/** Keeps every list up to date: patches it if the event contains the whole change, and reloads it otherwise. */
export function useLiveLists(): void {
  useRealtimePatch(['apps:created', 'apps:updated', 'apps:deleted', 'apps:status'], ['apps'], patchApps);
  useRealtimePatch(
    ['deployments:started', 'deployments:status', 'deployments:completed', 'deployments:failed'],
    ['deployments'],
    patchDeployments,
  );
  useRealtimeInvalidation(['database:table_created', 'database:table_updated', 'database:table_deleted'], ['tables']);
  useRealtimeInvalidation('database:row_updated', ['rows']);
  useRealtimeInvalidation(['storage:uploaded', 'storage:updated', 'storage:deleted'], ['files']);
  useRealtimeInvalidation(['users:created', 'users:updated', 'users:deleted'], ['people']);
}
