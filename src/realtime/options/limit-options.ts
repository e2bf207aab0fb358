import { IsArray, IsBoolean, IsInt, Max, Min } from 'class-validator';
import { IsAddressRange } from './is-address-range.js';

/** Limits per connection, user and address, and for this instance. All of them are finite. */
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
   * Connections from one address on this instance; for IPv6, from one network of 64 bits. All of them can reconnect
   * within `reconnectSpreadMs`; more handshakes per second get 503. Behind a proxy it applies only if `trustedProxies`
   * names the proxy: all clients behind another proxy together can take half of `maxConnections`. @default 1000
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

  /** Handshakes per second on this instance, on average, with bursts of twice as many. Others get 503. @default 1000 */
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
   * Time limit for authenticating a new client before it gets 503, in milliseconds. Before that, the TLS handshake and
   * the head of the first request have the same time. @default 10000
   */
  @IsInt()
  @Min(100)
  @Max(300_000)
  handshakeTimeoutMs = 10_000;

  /**
   * Destroys connections to an attached HTTP server that did not finish the TLS handshake and the head of their first
   * request within `handshakeTimeoutMs`. This applies to every request of that server; bodies are not limited.
   * @default true
   */
  @IsBoolean()
  closeUnfinishedRequests = true;

  /**
   * If the event loop was blocked for longer than this within the last second, new clients get 503 to protect the
   * connected ones, in milliseconds. @default 1000
   */
  @IsInt()
  @Min(50)
  @Max(3_600_000)
  maxEventLoopDelayMs = 1_000;

  /**
   * Maximum age of a connection without a token; after it the client is asked to reconnect (4504), in milliseconds.
   * @default 86400000 (a day)
   */
  @IsInt()
  @Min(1_000)
  @Max(2_147_483_647)
  anonymousTimeoutMs = 86_400_000;

  /** The largest message from a client, in bytes. @default 65536 */
  @IsInt()
  @Min(1_024)
  @Max(16_777_216)
  maxFrameBytes = 65_536;

  /** The maximum number of frames of one message. @default 128 */
  @IsInt()
  @Min(1)
  @Max(16_384)
  maxFragments = 128;

  /**
   * Frames of one connection per second, on average, with bursts of twice as many. A request for more than ten channels
   * counts as one for each ten. @default 100
   */
  @IsInt()
  @Min(1)
  @Max(100_000)
  framesPerSecond = 100;

  /**
   * Application messages (`@SubscribeMessage`) of one connection that can run at once, including live streams; the next
   * one is answered `rate_limited`. @default 100
   */
  @IsInt()
  @Min(1)
  @Max(100_000)
  maxRunningMessages = 100;

  /**
   * Time limit for the first answer of an application message's handler, in milliseconds; after it the client receives
   * `unavailable`, and later answers are not sent. @default 30000
   */
  @IsInt()
  @Min(10)
  @Max(86_400_000)
  messageTimeoutMs = 30_000;

  /**
   * Bytes of answers that the requests of one connection can cause per second, on average, with bursts of 32 times as
   * many. Answers and replays count by size, each requested channel as at least 1 KiB, a channel without a subscriber
   * on this instance as 4 KiB more, a frame over 1 KiB as an eighth of its size. Requests beyond the budget wait for up
   * to 5 s; after that they are answered `rate_limited`, and a resume `recovered: false`, `replay_limit`. @default
   * 262144 (256 KiB)
   */
  @IsInt()
  @Min(4_096)
  requestBytesPerSecond = 262_144;

  /** `requestBytesPerSecond` for all connections of one user on this instance. @default 1048576 (1 MiB) */
  @IsInt()
  @Min(4_096)
  requestBytesPerSecondOfUser = 1_048_576;

  /**
   * `requestBytesPerSecond` for all connections from one address on this instance; for IPv6, from one network of 64
   * bits. With the default, 5,000 users behind one address can reconnect at once and replay 100 events of 250 bytes
   * each.
   * @default 8388608 (8 MiB)
   */
  @IsInt()
  @Min(4_096)
  requestBytesPerSecondOfAddress = 8_388_608;

  /** Subscriptions of one connection. One frame can name as many channels, and at least 200. @default 200 */
  @IsInt()
  @Min(1)
  @Max(100_000)
  maxSubscriptionsPerConnection = 200;

  /**
   * The send buffer of one connection; beyond it the client counts as a slow reader and is closed (4501), in bytes.
   * @default 1048576
   */
  @IsInt()
  @Min(16_384)
  maxBufferedBytes = 1_048_576;

  /**
   * All send buffers together; beyond it the connections with the fullest buffers are closed (4501), in bytes. @default
   * 268435456 (256 MiB)
   */
  @IsInt()
  @Min(1_048_576)
  maxBufferedBytesTotal = 268_435_456;

  /** Time limit for the closing handshake of a connection before it is terminated, in milliseconds. @default 5000 */
  @IsInt()
  @Min(100)
  @Max(60_000)
  closeTimeoutMs = 5_000;
}
