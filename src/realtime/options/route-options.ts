import { IsBoolean, IsOptional, Matches } from 'class-validator';
import { LimitOptions } from './limit-options.js';
import { IsPublishKeys, type PublishKeyOptions } from './publish-keys.js';

/** HTTP routes of the module: which ones exist, and which keys other services use. */
export class RouteOptions extends LimitOptions {
  /**
   * Keys for other services that call `POST /realtime/events` (header `X-API-Key`), at least 16 characters each: strings,
   * or objects with a `name` for the audit log and a scope (`channels`, `tenants`, `operations`).
   * @default []
   */
  @IsPublishKeys()
  publishApiKeys: (string | PublishKeyOptions)[] = [];

  /** Enables `POST /realtime/events` for admins and for services with a key. @default true */
  @IsBoolean()
  publishApi = true;

  /**
   * Answers `POST /realtime/events` before the HTTP framework of the application, at a third of the cost. Authentication,
   * limits, errors and metrics are the same, but middleware, global guards and CORS of the application do not see these
   * requests. @default false
   */
  @IsBoolean()
  directPublishApi = false;

  /** Enables one-time tickets with `POST /realtime/tickets`. @default true */
  @IsBoolean()
  ticketApi = true;

  /** Enables `GET /realtime/channels/{channel}/events`: kept events for clients that can subscribe. @default true */
  @IsBoolean()
  historyApi = true;

  /**
   * Enables `GET /realtime/stream`: events as server-sent events, for clients and networks without WebSocket. See
   * docs/server-sent-events.md. @default true
   */
  @IsBoolean()
  streamApi = true;

  /**
   * Enables the operator API under `/realtime/…`: admins see connections with their addresses and the events of channels,
   * and can end connections. It is off by default because this is personal data, and the admins of an application are not
   * always its operators.
   * @default false
   */
  @IsBoolean()
  operatorApi = false;

  /**
   * Enables the console at `/realtime/console`, a page that uses the operator API. Needs `operatorApi`.
   * @default false
   */
  @IsBoolean()
  console = false;

  /**
   * Path of a route of your application on the same host, such as `/auth/console`. The console sends it a POST with the
   * cookies of the session, and signs in with the `{ token }` of the response. Needs `console`.
   * @default none: the console asks for a token
   */
  @IsOptional()
  @Matches(/^\/(?![/\\])[\w.~%/-]{0,500}$/, { message: 'must be a path on the same host, such as /auth/console' })
  consoleSession?: string;
}
