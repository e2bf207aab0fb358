import { IsArray, IsBoolean, IsInt, Max, Min } from 'class-validator';
import { IsAddressRange } from './is-address-range.js';

/** What one connection, one user, one address, and all together may take of this instance. None is without an end. */
export class LimitOptions {
  /** Connections that this instance takes. @default 50000 */
  @IsInt()
  @Min(1)
  maxConnections = 50_000;

  /** Connections of one user on this instance. @default 100 */
  @IsInt()
  @Min(1)
  maxConnectionsPerUser = 100;

  /**
   * Connections from one address on this instance; of IPv6, from one network of 64 bits. All of them can come back within
   * `reconnectSpreadMs`; more handshakes per second get 503. Behind a proxy it counts only if `trustedProxies` names the
   * proxy: all clients behind another proxy may together take half of `maxConnections`. @default 1000
   */
  @IsInt()
  @Min(1)
  maxConnectionsPerAddress = 1_000;

  /**
   * The proxies whose `X-Forwarded-For` is believed: addresses, ranges such as `10.0.0.0/8`, or `loopback`, `linklocal`,
   * `uniquelocal`. The client is the first address from the right that is none of them. @default []: the socket's address counts
   */
  @IsArray()
  @IsAddressRange({ each: true })
  trustedProxies: string[] = [];

  /** Handshakes that this instance takes per second, on average; twice as many may come at once. The others get 503. @default 1000 */
  @IsInt()
  @Min(1)
  @Max(1_000_000)
  handshakesPerSecond = 1_000;

  /**
   * Handshakes that one user opens per second, on average; twenty times as many at once. The others get 503, and are not
   * charged to the address or this instance. Set it higher if programs of one user open many connections. @default 1
   */
  @IsInt()
  @Min(1)
  @Max(1_000_000)
  handshakesPerSecondPerUser = 1;

  /**
   * How long it may take to identify a new client before it gets 503, in milliseconds. Before that, the TLS handshake and
   * the head of the first request have the same time. @default 10000
   */
  @IsInt()
  @Min(100)
  @Max(300_000)
  handshakeTimeoutMs = 10_000;

  /**
   * Whether a connection to an attached HTTP server is destroyed if it has not finished its TLS handshake and the head of
   * its first request within `handshakeTimeoutMs`. This goes for every request of that server; bodies are not limited.
   * @default true
   */
  @IsBoolean()
  closeUnfinishedRequests = true;

  /**
   * If the event loop was blocked for longer than this within the last second, new clients get 503, so that those who
   * are connected do not suffer, in milliseconds. @default 1000
   */
  @IsInt()
  @Min(50)
  @Max(3_600_000)
  maxEventLoopDelayMs = 1_000;

  /** How long a connection without a token may stay before it is told to come back (4504), in milliseconds. @default 86400000 (a day) */
  @IsInt()
  @Min(1_000)
  @Max(2_147_483_647)
  anonymousTimeoutMs = 86_400_000;

  /** The largest message that a client may send, in bytes. @default 65536 */
  @IsInt()
  @Min(1_024)
  @Max(16_777_216)
  maxFrameBytes = 65_536;

  /** Frames that one message may come in. @default 128 */
  @IsInt()
  @Min(1)
  @Max(16_384)
  maxFragments = 128;

  /**
   * Frames that one connection may send per second, on average; twice as many may come at once. A request for more than ten
   * channels counts as one for each ten. @default 100
   */
  @IsInt()
  @Min(1)
  @Max(100_000)
  framesPerSecond = 100;

  /**
   * Application messages (`@SubscribeMessage`) of one connection that may run at once, live streams included; the next one
   * is answered `rate_limited`. @default 100
   */
  @IsInt()
  @Min(1)
  @Max(100_000)
  maxRunningMessages = 100;

  /**
   * How long the handler of an application message may take to its first answer, in milliseconds; then the client receives
   * `unavailable`, and later answers are not sent. @default 30000
   */
  @IsInt()
  @Min(10)
  @Max(86_400_000)
  messageTimeoutMs = 30_000;

  /**
   * Bytes that the requests of one connection may cause per second, on average; 32 times as many may come at once. Answers
   * and replays count by their size, a channel that is asked for as 1 KiB at least, one that has no subscriber on this
   * instance yet as 4 KiB more, a frame over 1 KiB as an eighth of its size. Requests past it wait for up to 5 s; past that
   * they are answered `rate_limited`, and a resume `recovered: false`, `replay_limit`. @default 262144 (256 KiB)
   */
  @IsInt()
  @Min(4_096)
  requestBytesPerSecond = 262_144;

  /** `requestBytesPerSecond` for all connections of one user on this instance. @default 1048576 (1 MiB) */
  @IsInt()
  @Min(4_096)
  requestBytesPerSecondOfUser = 1_048_576;

  /**
   * `requestBytesPerSecond` for all connections from one address on this instance; of IPv6, from one network of 64 bits. With
   * the default, 5,000 users behind one address may come back at once and replay 100 events of 250 bytes each.
   * @default 8388608 (8 MiB)
   */
  @IsInt()
  @Min(4_096)
  requestBytesPerSecondOfAddress = 8_388_608;

  /** Subscriptions of one connection. A frame may name as many channels, and never less than 200. @default 200 */
  @IsInt()
  @Min(1)
  @Max(100_000)
  maxSubscriptionsPerConnection = 200;

  /** What may wait for one connection before it counts as a slow reader and is closed (4501), in bytes. @default 1048576 */
  @IsInt()
  @Min(16_384)
  maxBufferedBytes = 1_048_576;

  /**
   * What may wait for all connections together; past it those for which most waits are closed (4501), the worst first, in
   * bytes. @default 268435456 (256 MiB)
   */
  @IsInt()
  @Min(1_048_576)
  maxBufferedBytesTotal = 268_435_456;

  /** How long a connection that is being closed may take before it is cut off, in milliseconds. @default 5000 */
  @IsInt()
  @Min(100)
  @Max(60_000)
  closeTimeoutMs = 5_000;
}
