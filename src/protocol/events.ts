/**
 * What travels on which channel: the event map that types `emit` on the server and `channel()` in the client.
 * An application adds its own channels by declaration merging:
 *
 *     declare module 'nestjs-realtime' {
 *       interface RealtimeEvents { 'projects:created': { id: string; name: string } }
 *     }
 *
 * Every payload may carry more fields than are named here.
 */

/** Whatever has an id. */
export interface Identified {
  readonly id: string;
}

/** A text for everybody. */
export interface AnnouncementEvent {
  readonly message: string;
}

export interface AppEvent extends Identified {
  readonly name: string;
}

export interface AppStatusEvent extends Identified {
  readonly status: string;
}

export interface UserEvent extends Identified {
  readonly email: string;
}

/** What happened to a table. */
export interface TableEvent {
  readonly table: string;
}

/** What happened to one row of a table. */
export interface RowEvent extends TableEvent {
  /** The row as it now stands. */
  readonly row: object;
}

export interface DeploymentEvent extends Identified {
  readonly appId: string;
  readonly status: string;
}

export interface FileEvent extends Identified {
  readonly name: string;
}

/** How the system is, for administrators. */
export interface SystemHealthEvent {
  readonly status: string;
}

/** Something that administrators should look at; `level` is the application's own word for how bad it is. */
export interface SystemAlertEvent {
  readonly level: string;
  readonly message: string;
}

/** Channel → payload. Merge your own channels into it. */
export interface RealtimeEvents {
  announcements: AnnouncementEvent;
  'apps:created': AppEvent;
  'apps:updated': AppEvent;
  'apps:deleted': Identified;
  'apps:deployed': Identified;
  'apps:status': AppStatusEvent;
  'users:created': UserEvent;
  'users:updated': UserEvent;
  'users:deleted': Identified;
  'database:table_created': TableEvent;
  'database:table_updated': TableEvent;
  'database:table_deleted': TableEvent;
  'database:row_updated': RowEvent;
  'deployments:started': DeploymentEvent;
  'deployments:completed': DeploymentEvent;
  'deployments:failed': DeploymentEvent;
  'deployments:status': DeploymentEvent;
  'storage:uploaded': FileEvent;
  'storage:deleted': FileEvent;
  'storage:updated': FileEvent;
  'system:health': SystemHealthEvent;
  'system:metrics': object;
  'system:alerts': SystemAlertEvent;
  [privateChannel: `user:${string}`]: unknown;
}

/** A channel that the event map knows. */
export type ChannelName = keyof RealtimeEvents;

/** The payload of a channel's events. */
export type EventData<C extends ChannelName> = RealtimeEvents[C];
