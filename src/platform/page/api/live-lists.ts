import { useRealtimeInvalidation, useRealtimePatch } from '../../../react/query.js';
import { patchApps, patchDeployments } from './patches.js';

/** Keeps every list true. Where an event carries all that changed it is put in; otherwise the list is loaded again. */
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
