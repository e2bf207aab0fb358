/**
 * The event map: the payload of each channel. It types `emit` on the server and `channel()` in the client. An application
 * adds its channels by declaration merging:
 *
 *     declare module 'nestjs-realtime' {
 *       interface RealtimeEvents { 'projects:created': { id: string; name: string } }
 *     }
 *
 * A payload can have more fields than its type declares.
 */

/** A payload with an id. */
export interface Identified {
  readonly id: string;
}

/** Message for all users. */
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

/** Change of a table. */
export interface TableEvent {
  readonly table: string;
}

/** Change of one row of a table. */
export interface RowEvent extends TableEvent {
  /** The row after the change. */
  readonly row: object;
}

export interface DeploymentEvent extends Identified {
  readonly appId: string;
  readonly status: string;
}

export interface FileEvent extends Identified {
  readonly name: string;
}

/** Health of the system, for admins. */
export interface SystemHealthEvent {
  readonly status: string;
}

/** Alert for admins. The application defines the levels. */
export interface SystemAlertEvent {
  readonly level: string;
  readonly message: string;
}

/** Payload of each channel. Add the channels of your application by declaration merging. */
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

/** Name of a channel in the event map. */
export type ChannelName = keyof RealtimeEvents;

/** The payload of a channel's events. */
export type EventData<C extends ChannelName> = RealtimeEvents[C];
