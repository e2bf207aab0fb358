import { useRealtimeInvalidation } from '../../../react/query.js';

/** Reloads the lists that are not live resources after an event about them. */
export function useReloadedLists(): void {
  useRealtimeInvalidation(['database:table_created', 'database:table_updated', 'database:table_deleted'], ['tables']);
  useRealtimeInvalidation('database:row_updated', ['rows']);
  useRealtimeInvalidation(['storage:uploaded', 'storage:updated', 'storage:deleted'], ['files']);
  useRealtimeInvalidation(['users:created', 'users:updated', 'users:deleted'], ['people']);
}
