import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  IsArray,
  IsBoolean,
  IsIn,
  IsInt,
  IsNotEmpty,
  IsOptional,
  IsString,
  Matches,
  Max,
  Min,
  MinLength,
  ValidateNested,
} from 'class-validator';
import type { ChannelDefinition } from './channel-definition.js';
import { JwtOptions } from './jwt-options.js';
import { LimitOptions } from './limit-options.js';
import { IsOrigins, type OriginRule } from './origins.js';
import { IsPublishKeys, type PublishKeyOptions } from './publish-keys.js';
import { RedisOptions } from './redis-options.js';
import { TenantOptions } from './tenant-options.js';

/** As a browser writes it into `Origin`: a name, or an IPv6 address in brackets. */
const HOST_NAME = /^([a-z0-9]([a-z0-9._-]*[a-z0-9])?|\[[0-9a-f:]+\])$/;

/** How much of each channel is kept for those who come back. */
export class HistoryOptions {
  /** Events kept per channel. @default 100 */
  @IsInt()
  @Min(1)
  @Max(100_000)
  size = 100;

  /** How long a channel's history is kept after its last event, in milliseconds. @default 300000 (5 minutes) */
  @IsInt()
  @Min(1_000)
  @Max(86_400_000)
  ttlMs = 300_000;
}

/** What becomes of an event whose data does not fit the class of its channel. */
export const INVALID_EVENTS = ['throw', 'drop', 'pass'] as const;
export type InvalidEvents = (typeof INVALID_EVENTS)[number];

/** Everything that can be set, with its default. `RealtimeModule.forRoot` takes any part of it, and needs `jwt`. */
export class ResolvedRealtimeOptions extends LimitOptions {
  /** Where the WebSocket is served. @default '/ws' */
  @IsString()
  @Matches(/^\/[\w\-./]*$/, { message: 'must be a path such as /ws' })
  path = '/ws';

  /** How tokens are verified. Required. */
  @ValidateNested({ message: 'must be an object such as { secret }' })
  @Type(() => JwtOptions)
  jwt = new JwtOptions();

  /** The role that is the administrator. @default 'admin' */
  @IsString()
  @IsNotEmpty()
  adminRole = 'admin';

  /**
   * The web sites whose pages may open a WebSocket: origins (`https://app.example.com`), subdomains of any depth
   * (`https://*.example.com`), `self` for `hosts`, `null` for pages without an origin, `*` for all; or a function. Others get HTTP 403. A request without `Origin` comes from no browser, and passes.
   * @default in development the host that serves it and localhost; in production it must be given
   */
  @IsOptional()
  @IsOrigins()
  origins?: string[] | OriginRule;

  /**
   * The host names under which browsers reach this service, such as `app.example.com`: `self` in `origins` means these. Without
   * them `self` is the host that the request went to, in production only if that is an IP address or localhost: a hostile page can
   * make its own host name lead here (DNS rebinding). @default []
   */
  @IsArray()
  @Matches(HOST_NAME, {
    each: true,
    message: 'must be host names such as app.example.com, in lower case, without a port',
  })
  hosts: string[] = [];

  /** Whether a connection without a token may use the public channels. @default true */
  @IsBoolean()
  anonymous = true;

  /** Where `anonymous` is false: how long a connection may take to send `auth`, in milliseconds. @default 10000 */
  @IsInt()
  @Min(100)
  @Max(300_000)
  authTimeoutMs = 10_000;

  /** How often a WebSocket ping is sent; a connection that shows no sign of life by the next is closed, in milliseconds. @default 30000 */
  @IsInt()
  @Min(200)
  @Max(600_000)
  heartbeatIntervalMs = 30_000;

  /** Whether events of 1 KB or more go compressed (permessage-deflate, once for all) to clients that offer it. @default false */
  @IsBoolean()
  compression = false;

  /** The largest `data` of one event, as JSON, in bytes. @default 65536 */
  @IsInt()
  @Min(1)
  @Max(16_777_216)
  maxEventBytes = 65_536;

  /**
   * Properties that one object in the data of an event may have, on channels with a class: validating takes a time that grows
   * with their square. @default 500
   */
  @IsInt()
  @Min(1)
  @Max(100_000)
  maxEventKeys = 500;

  /**
   * Sends only those fields of an event that the class (`data`) of its channel declares by a decorator of class-validator or
   * class-transformer, so that a field that was added to an object by mistake never leaves. A definition can override it.
   * @default false
   */
  @IsBoolean()
  declaredFieldsOnly = false;

  /** Of every channel whose definition does not say otherwise. @default { size: 100, ttlMs: 300000 } */
  @ValidateNested({ message: 'must be an object such as { size: 100, ttlMs: 300000 }' })
  @Type(() => HistoryOptions)
  history = new HistoryOptions();

  /** A client further behind than this many events reloads instead of catching up. @default 500 */
  @IsInt()
  @Min(1)
  @Max(100_000)
  recoveryMaxEvents = 500;

  /** A client further behind than this many bytes reloads instead of catching up. @default 1048576 */
  @IsInt()
  @Min(1_024)
  recoveryMaxBytes = 1_048_576;

  /** Channels of the application, beside the built-in ones and those of `forFeature`. @default [] */
  @IsArray()
  channels: ChannelDefinition[] = [];

  /**
   * What becomes of an event whose data does not fit the class (`data`) of its channel: `throw` refuses it, `drop` counts
   * and logs it and sends nothing, `pass` counts and logs it and sends it. @default 'pass' with NODE_ENV=production, else 'throw'
   */
  @IsIn(INVALID_EVENTS)
  invalidEvents: InvalidEvents = process.env['NODE_ENV'] === 'production' ? 'pass' : 'throw';

  /** How long a `@ChannelPolicy` may take before the answer is `unavailable`, in milliseconds. @default 2000 */
  @IsInt()
  @Min(10)
  @Max(30_000)
  policyTimeoutMs = 2_000;

  /** Calls of `@ChannelPolicy` classes that run at the same time, a tenth of them for one user; others wait. @default 100 */
  @IsInt()
  @Min(1)
  @Max(100_000)
  policyConcurrency = 100;

  /** How long a user stays present after the last connection closed, for a page that reloads, in milliseconds. @default 5000 */
  @IsInt()
  @Min(0)
  @Max(60_000)
  presenceGraceMs = 5_000;

  /**
   * Keys with which other services may call `POST /realtime/events` (header `X-API-Key`), 16 characters or more each: strings, or
   * objects with a `name` for the audit log and a scope (`channels`, `tenants`, `operations`). @default []
   */
  @IsPublishKeys()
  publishApiKeys: (string | PublishKeyOptions)[] = [];

  /** Whether `POST /realtime/events` publishes, for administrators and services with a key. @default true */
  @IsBoolean()
  publishApi = true;

  /** Whether `POST /realtime/tickets` issues one-time tickets. @default true */
  @IsBoolean()
  ticketApi = true;

  /**
   * Keys with which instances authenticate what decides over connections and tokens on its way through Redis: control
   * commands, revocations and tickets (HMAC-SHA256). The first one signs, all of them verify. Without a key, anyone who can
   * write to Redis can revoke tokens and close connections. 32 characters or more each, at most 8. @default []
   */
  @IsArray()
  @ArrayMaxSize(8)
  @IsString({ each: true })
  @MinLength(32, { each: true })
  clusterKeys: string[] = [];

  /**
   * Whether administrators may see, under `/realtime/…`, who is connected from where and what channels carry, and end
   * connections. It is off because these are personal data, and an application's administrators need not be its operators.
   * @default false
   */
  @IsBoolean()
  operatorApi = false;

  /** Whether `/realtime/console` serves the console, a page over the API for operators; it needs `operatorApi`. @default false */
  @IsBoolean()
  console = false;

  /** On SIGTERM: how long readiness says 503 before connections are told to leave, in milliseconds. @default 1000 */
  @IsInt()
  @Min(0)
  @Max(60_000)
  drainDelayMs = 1_000;

  /** On SIGTERM: the span over which clients are told to come back, in milliseconds. @default 10000 */
  @IsInt()
  @Min(0)
  @Max(600_000)
  reconnectSpreadMs = 10_000;

  /**
   * How long a revocation (`RealtimeControl.revokeUser` and its like) is remembered: at least as long as the longest token
   * lives, in milliseconds. @default 2592000000 (30 days)
   */
  @IsInt()
  @Min(60_000)
  @Max(31_622_400_000)
  revocationTtlMs = 2_592_000_000;

  /** Customers that must never see each other's events. See docs/tenants.md. @default none */
  @ValidateNested({ message: 'must be an object such as { claim: "tenantId" }' })
  @Type(() => TenantOptions)
  tenants = new TenantOptions();

  /** Where several instances meet. @default none: one instance, in memory */
  @ValidateNested({ message: 'must be an object such as { url: "redis://localhost:6379" }' })
  @Type(() => RedisOptions)
  redis = new RedisOptions();
}

type Given<T> = T extends readonly unknown[] | ((...args: never[]) => unknown)
  ? T
  : T extends object
    ? { [K in keyof T]?: Given<T[K]> }
    : T;

/** What an application gives; everything but `jwt` has a default. See {@link ResolvedRealtimeOptions}. */
export type RealtimeOptions = Given<Omit<ResolvedRealtimeOptions, 'jwt'>> & { jwt: Given<JwtOptions> };
