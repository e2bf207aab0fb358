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
import type { BackendFactory } from '../backends/backend.js';
import { IsBuiltInChannels, type BuiltInChannels } from './built-in-channels.js';
import type { ChannelDefinition } from './channel-definition.js';
import { CommandLimitOptions } from './command-options.js';
import { LiveOptions } from './live-options.js';
import { HistoryOptions } from './history-options.js';
import { INVALID_EVENTS, type InvalidEvents } from './invalid-events.js';
import { IsFunction } from './is-function.js';
import { JwtOptions } from './jwt-options.js';
import { HOST_NAME, IsOrigins, type OriginRule } from './origins.js';
import { RedisOptions } from './redis-options.js';
import { RouteOptions } from './route-options.js';
import { StreamLimitOptions } from './stream-options.js';
import { TenantOptions } from './tenant-options.js';

/** All options with their defaults. `RealtimeModule.forRoot` accepts any subset that includes `jwt`. */
export class ResolvedRealtimeOptions extends RouteOptions {
  /** Path of the WebSocket. @default '/ws' */
  @IsString()
  @Matches(/^\/[\w\-./]*$/, { message: 'must be a path such as /ws' })
  path = '/ws';

  /** Options for verifying tokens. Required. */
  @ValidateNested({ message: 'must be an object such as { secret }' })
  @Type(() => JwtOptions)
  jwt = new JwtOptions();

  /** Role of admins. @default 'admin' */
  @IsString()
  @IsNotEmpty()
  adminRole = 'admin';

  /**
   * Websites whose pages can open a WebSocket: origins (`https://app.example.com`), subdomains of any depth
   * (`https://*.example.com`), `self` for `hosts`, `null` for pages without an origin, `*` for all; or a function. Others
   * get HTTP 403. A request without `Origin` does not come from a browser, and is allowed.
   * @default in development the host that serves it and localhost; required in production
   */
  @IsOptional()
  @IsOrigins()
  origins?: string[] | OriginRule;

  /**
   * Host names under which browsers reach this service, such as `app.example.com`. They are the meaning of `self` in
   * `origins`. Without them `self` is the host of the request; in production only if it is an IP address or localhost,
   * because an attacker can point a host name at this service (DNS rebinding).
   * @default []
   */
  @IsArray()
  @Matches(HOST_NAME, {
    each: true,
    message: 'must be host names such as app.example.com, in lower case, without a port',
  })
  hosts: string[] = [];

  /** Allows connections without a token to use the public channels. @default true */
  @IsBoolean()
  anonymous = true;

  /** If `anonymous` is false: time limit for a connection to send `auth`, in milliseconds. @default 10000 */
  @IsInt()
  @Min(100)
  @Max(300_000)
  authTimeoutMs = 10_000;

  /**
   * Interval of WebSocket pings, in milliseconds. A connection that shows no sign of life until the next ping is closed.
   * @default 30000
   */
  @IsInt()
  @Min(200)
  @Max(600_000)
  heartbeatIntervalMs = 30_000;

  /**
   * Compresses events of 1 KB or more (permessage-deflate, once for all clients) for clients that offer it. @default
   * false
   */
  @IsBoolean()
  compression = false;

  /** Maximum size of the `data` of one event as JSON, in bytes. @default 65536 */
  @IsInt()
  @Min(1)
  @Max(16_777_216)
  maxEventBytes = 65_536;

  /**
   * Maximum number of properties of one object in the data of an event, on channels with a class. Validation time grows
   * with the square of this number.
   * @default 500
   */
  @IsInt()
  @Min(1)
  @Max(100_000)
  maxEventKeys = 500;

  /**
   * Sends only fields that the class (`data`) of the channel declares with a decorator of class-validator or
   * class-transformer. A field that was added to an object by mistake is not sent. A definition can override this option.
   * @default false
   */
  @IsBoolean()
  declaredFieldsOnly = false;

  /** History of channels whose definition does not set it. @default { size: 100, ttlMs: 300000 } */
  @ValidateNested({ message: 'must be an object such as { size: 100, ttlMs: 300000 }' })
  @Type(() => HistoryOptions)
  history = new HistoryOptions();

  /** Maximum number of events in a replay. A client further behind has to reload. @default 500 */
  @IsInt()
  @Min(1)
  @Max(100_000)
  recoveryMaxEvents = 500;

  /** Maximum size of a replay, in bytes. A client further behind has to reload. @default 1048576 */
  @IsInt()
  @Min(1_024)
  recoveryMaxBytes = 1_048_576;

  /**
   * Built-in channels: `true` for all of them, `false` for none, or a list of channels and groups such as
   * `['announcements', 'apps:*']`. A group without an enabled channel has no access rule either, so the application can
   * use its names. The private channels of users, `user:{userId}`, always exist.
   * @default true
   */
  @IsBuiltInChannels()
  builtInChannels: BuiltInChannels = true;

  /** Channels of the application, in addition to the built-in ones and those of `forFeature`. @default [] */
  @IsArray()
  channels: ChannelDefinition[] = [];

  /**
   * Handling of an event whose data does not match the class (`data`) of its channel: `throw` refuses it, `drop` counts
   * and logs it without sending it, `pass` counts, logs and sends it.
   * @default 'throw'
   */
  @IsIn(INVALID_EVENTS)
  invalidEvents: InvalidEvents = 'throw';

  /** Time limit for a `@ChannelPolicy`, in milliseconds. After it the answer is `unavailable`. @default 2000 */
  @IsInt()
  @Min(10)
  @Max(30_000)
  policyTimeoutMs = 2_000;

  /**
   * Maximum number of concurrent calls of `@ChannelPolicy` classes, of which one user gets a tenth. Further calls wait.
   * @default 100
   */
  @IsInt()
  @Min(1)
  @Max(100_000)
  policyConcurrency = 100;

  /**
   * Time for which a user counts as present after the last connection ended, so that a page can reload, in milliseconds.
   * @default 5000
   */
  @IsInt()
  @Min(0)
  @Max(60_000)
  presenceGraceMs = 5_000;

  /**
   * Time without any subscriber after which a channel counts as vacated, and without any connection after which a user
   * counts as offline, so that a page can reload, in milliseconds.
   * @default 5000
   */
  @IsInt()
  @Min(0)
  @Max(600_000)
  occupancyGraceMs = 5_000;

  /**
   * Keys that authenticate control commands, revocations and tickets between instances (HMAC-SHA256). The first key
   * signs, all keys verify. Without a key, anyone who can write to Redis can revoke tokens and close connections. 32
   * characters or more each, at most 8.
   * @default []
   */
  @IsArray()
  @ArrayMaxSize(8)
  @IsString({ each: true })
  @MinLength(32, { each: true })
  clusterKeys: string[] = [];

  /** On SIGTERM: time for which readiness answers 503 before connections are drained, in milliseconds. @default 1000 */
  @IsInt()
  @Min(0)
  @Max(60_000)
  drainDelayMs = 1_000;

  /**
   * On SIGTERM: maximum time over which connections are closed, one after the other, in milliseconds. With few
   * connections it takes less time: they are closed at a tenth of `handshakesPerSecond`.
   * @default 10000
   */
  @IsInt()
  @Min(0)
  @Max(600_000)
  reconnectSpreadMs = 10_000;

  /**
   * Time for which a revocation (`RealtimeControl.revokeUser` and similar) is kept, in milliseconds. It must be at least
   * the lifetime of the longest-lived token.
   * @default 2592000000 (30 days)
   */
  @IsInt()
  @Min(60_000)
  @Max(31_622_400_000)
  revocationTtlMs = 2_592_000_000;

  /** Tenants: customers that must never see each other's events. See docs/tenants.md. @default none */
  @ValidateNested({ message: 'must be an object such as { claim: "tenantId" }' })
  @Type(() => TenantOptions)
  tenants = new TenantOptions();

  /** Streams: texts that are kept while they are written. See docs/streams.md. */
  @ValidateNested({ message: 'must be an object such as { maxOpen }' })
  @Type(() => StreamLimitOptions)
  streams = new StreamLimitOptions();

  /** Commands: methods that clients call. See docs/commands.md. */
  @ValidateNested({ message: 'must be an object such as { windowMs: 300000 }' })
  @Type(() => CommandLimitOptions)
  commands = new CommandLimitOptions();

  /** Live resources: channels with a state. See docs/live-resources.md. */
  @ValidateNested()
  @Type(() => LiveOptions)
  live = new LiveOptions();

  /**
   * Creates the store that the instances of the application share, if it is neither memory nor Redis: see
   * docs/backends.md. It excludes `redis`. @default `redisBackend(redis)` if `redis` names a server, otherwise `memoryBackend()`
   */
  @IsOptional()
  @IsFunction({ message: 'must be a function such as memoryBackend() or redisBackend({ url })' })
  backend?: BackendFactory;

  /** Redis that connects several instances. @default none: one instance, in memory */
  @ValidateNested({ message: 'must be an object such as { url: "redis://localhost:6379" }' })
  @Type(() => RedisOptions)
  redis = new RedisOptions();
}

type Given<T> = T extends readonly unknown[] | ((...args: never[]) => unknown)
  ? T
  : T extends object
    ? { [K in keyof T]?: Given<T[K]> }
    : T;

/** Options of `forRoot`. All except `jwt` have a default. See {@link ResolvedRealtimeOptions}. */
export type RealtimeOptions = Given<Omit<ResolvedRealtimeOptions, 'jwt'>> & { jwt: Given<JwtOptions> };
