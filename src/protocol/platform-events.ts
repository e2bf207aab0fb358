/**
 * Built-in channels and the fields of their events. The definitions, the types and the AsyncAPI document are derived from
 * this list, and the option `builtInChannels` selects from it. An event can have more fields. Fields are not validated at
 * run time unless a channel definition has `data`.
 */

const IDENTIFIED = { id: 'string' } as const;
const NAMED = { id: 'string', name: 'string' } as const;
const USER = { id: 'string', email: 'string' } as const;
const TABLE = { table: 'string' } as const;
const DEPLOYMENT = { id: 'string', appId: 'string', status: 'string' } as const;

/** Types of the fields, by channel. */
export const PLATFORM_CHANNELS = {
  announcements: { message: 'string' },
  'apps:created': NAMED,
  'apps:updated': NAMED,
  'apps:deleted': IDENTIFIED,
  'apps:deployed': IDENTIFIED,
  'apps:status': { id: 'string', status: 'string' },
  'users:created': USER,
  'users:updated': USER,
  'users:deleted': IDENTIFIED,
  'database:table_created': TABLE,
  'database:table_updated': TABLE,
  'database:table_deleted': TABLE,
  'database:row_updated': { table: 'string', row: 'object' },
  'deployments:started': DEPLOYMENT,
  'deployments:completed': DEPLOYMENT,
  'deployments:failed': DEPLOYMENT,
  'deployments:status': DEPLOYMENT,
  'storage:uploaded': NAMED,
  'storage:deleted': NAMED,
  'storage:updated': NAMED,
  'system:health': { status: 'string' },
  'system:metrics': {},
  'system:alerts': { level: 'string', message: 'string' },
} as const;

interface FieldTypes {
  readonly string: string;
  readonly object: object;
}

type DataOf<Fields extends Readonly<Record<string, keyof FieldTypes>>> = keyof Fields extends never
  ? object
  : { readonly [Name in keyof Fields]: FieldTypes[Fields[Name]] };

/**
 * Event map of the built-in channels. The entry point `platform-events` merges it into `RealtimeEvents`.
 * The map of an application can use parts of it: `Pick<PlatformEvents, 'apps:created'>`.
 */
export type PlatformEvents = {
  [Channel in keyof typeof PLATFORM_CHANNELS]: DataOf<(typeof PLATFORM_CHANNELS)[Channel]>;
};
