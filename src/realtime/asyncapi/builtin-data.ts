const text = { type: 'string' };
const anObject = { type: 'object' };
const having = (properties: Record<string, object>) => ({
  type: 'object',
  properties,
  required: Object.keys(properties),
});

const announcement = having({ message: text });
const identified = having({ id: text });
const named = having({ id: text, name: text });
const user = having({ id: text, email: text });
const table = having({ table: text });
const deployment = having({ id: text, appId: text, status: text });

/**
 * JSON Schemas for the data of the built-in channels, in line with the event map `RealtimeEvents`. They document the data and
 * validate nothing: the compiler checks `emit` against the event map. The private channel of a user has no schema, because the
 * application decides what it sends there.
 */
export const BUILTIN_DATA: Readonly<Record<string, object>> = {
  announcements: announcement,
  'apps:created': named,
  'apps:updated': named,
  'apps:deleted': identified,
  'apps:deployed': identified,
  'apps:status': having({ id: text, status: text }),
  'users:created': user,
  'users:updated': user,
  'users:deleted': identified,
  'database:table_created': table,
  'database:table_updated': table,
  'database:table_deleted': table,
  'database:row_updated': having({ table: text, row: anObject }),
  'deployments:started': deployment,
  'deployments:completed': deployment,
  'deployments:failed': deployment,
  'deployments:status': deployment,
  'storage:uploaded': named,
  'storage:deleted': named,
  'storage:updated': named,
  'system:health': having({ status: text }),
  'system:metrics': anObject,
  'system:alerts': having({ level: text, message: text }),
};
