import { IsArray, IsBoolean, IsInt, Max, Min } from 'class-validator';
import { IsAddressRange } from './is-address-range.js';

/** Limits per connection, user, address and instance. All limits are finite. */
export class LimitOptions {
  /** Maximum number of connections of this instance. @default 50000 */
  @IsInt()
  @Min(1)
  maxConnections = 50_000;

  /** Maximum number of connections of one user on this instance. @default 100 */
  @IsInt()
  @Min(1)
  maxConnectionsPerUser = 100;

  /**
   * Maximum number of connections from one address on this instance; for IPv6, from one /64 network. All of them can
   * reconnect within `reconnectSpreadMs`; more handshakes per second get 503. Behind a proxy this applies only if
   * `trustedProxies` lists the proxy: all clients of an unlisted proxy together can take half of `maxConnections`.
   * @default 1000
   */
  @IsInt()
  @Min(1)
  maxConnectionsPerAddress = 1_000;

  /**
   * Proxies whose `X-Forwarded-For` is trusted: addresses, ranges such as `10.0.0.0/8`, or `loopback`, `linklocal`,
   * `uniquelocal`. The client is the first address from the right that is not a trusted proxy.
   * @default []: the socket's address counts
   */
  @IsArray()
  @IsAddressRange({ each: true })
  trustedProxies: string[] = [];

  /**
   * Handshakes per second on this instance, on average, with bursts of five times as many: all clients can return after a
   * crash. A burst is handled in pieces, between which connected clients are served. Further handshakes get 503.
   * @default 1000
   */
  @IsInt()
  @Min(1)
  @Max(1_000_000)
  handshakesPerSecond = 1_000;

  /**
   * Handshakes per second of one user, on average, with bursts of twenty times as many. Further handshakes get 503, and
   * are not charged to the address or this instance. Set it higher if programs of one user open many connections.
   * @default 1
   */
  @IsInt()
  @Min(1)
  @Max(1_000_000)
  handshakesPerSecondPerUser = 1;

  /**
   * Time limit for authenticating a new client before it gets 503, in milliseconds. The TLS handshake and the head of the
   * first request together have the same limit.
   * @default 10000
   */
  @IsInt()
  @Min(100)
  @Max(300_000)
  handshakeTimeoutMs = 10_000;

  /**
   * Destroys connections to an attached HTTP server that do not finish the TLS handshake and the head of their first
   * request within `handshakeTimeoutMs`. This applies to every request of that server; bodies are not limited.
   * @default true
   */
  @IsBoolean()
  closeUnfinishedRequests = true;

  /**
   * Maximum delay of the event loop within the last second, in milliseconds. Beyond it new clients get 503, to protect
   * connected ones.
   * @default 1000
   */
  @IsInt()
  @Min(50)
  @Max(3_600_000)
  maxEventLoopDelayMs = 1_000;

  /**
   * Maximum age of a connection without a token, in milliseconds. After it the client is asked to reconnect (4504).
   * @default 86400000 (a day)
   */
  @IsInt()
  @Min(1_000)
  @Max(2_147_483_647)
  anonymousTimeoutMs = 86_400_000;

  /** Maximum size of a message from a client, in bytes. @default 65536 */
  @IsInt()
  @Min(1_024)
  @Max(16_777_216)
  maxFrameBytes = 65_536;

  /** Maximum number of WebSocket frames of one message. @default 128 */
  @IsInt()
  @Min(1)
  @Max(16_384)
  maxFragments = 128;

  /**
   * Frames per second of one connection, on average, with bursts of twice as many. A request for more than ten channels
   * counts as one frame per ten channels.
   * @default 100
   */
  @IsInt()
  @Min(1)
  @Max(100_000)
  framesPerSecond = 100;

  /**
   * Maximum number of application messages (`@SubscribeMessage`) of one connection that run at once, including live
   * streams. Further messages are answered with `rate_limited`.
   * @default 100
   */
  @IsInt()
  @Min(1)
  @Max(100_000)
  maxRunningMessages = 100;

  /**
   * Time limit for the first answer of an application message's handler, in milliseconds. After it the client receives
   * `unavailable`, and later answers are not sent.
   * @default 30000
   */
  @IsInt()
  @Min(10)
  @Max(86_400_000)
  messageTimeoutMs = 30_000;

  /**
   * Bytes of answers that the requests of one connection can cause per second, on average, with bursts of 32 times as
   * many. Answers and replays count by size, each requested channel as at least 1 KiB, a channel without a subscriber on
   * this instance as 4 KiB more, and a frame over 1 KiB as an eighth of its size. Requests beyond the budget wait for up
   * to 5 s. After that they are answered with `rate_limited`, and a resume with `recovered: false`, `replay_limit`.
   * @default 262144 (256 KiB)
   */
  @IsInt()
  @Min(4_096)
  requestBytesPerSecond = 262_144;

  /** Like `requestBytesPerSecond`, for all connections of one user on this instance. @default 1048576 (1 MiB) */
  @IsInt()
  @Min(4_096)
  requestBytesPerSecondOfUser = 1_048_576;

  /**
   * Like `requestBytesPerSecond`, for all connections from one address on this instance; for IPv6, from one /64 network.
   * With the default, 5,000 users behind one address can reconnect at once and replay 100 events of 250 bytes each.
   * @default 8388608 (8 MiB)
   */
  @IsInt()
  @Min(4_096)
  requestBytesPerSecondOfAddress = 8_388_608;

  /**
   * Maximum number of subscriptions of one connection. One frame can list as many channels, and at least 200. @default
   * 200
   */
  @IsInt()
  @Min(1)
  @Max(100_000)
  maxSubscriptionsPerConnection = 200;

  /**
   * Maximum size of a connection's send buffer, in bytes. Beyond it the client counts as a slow reader and is closed
   * (4501).
   * @default 1048576
   */
  @IsInt()
  @Min(16_384)
  maxBufferedBytes = 1_048_576;

  /**
   * Maximum size of all send buffers together, in bytes. Beyond it the connections with the fullest buffers are closed
   * (4501).
   * @default 268435456 (256 MiB)
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
