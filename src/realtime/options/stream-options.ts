import { IsInt, Max, Min } from 'class-validator';

/** Streams: texts that are kept while they are written. See docs/streams.md. */
export class StreamLimitOptions {
  /**
   * Maximum size of a stream that is kept, in bytes of UTF-8. Above it the beginning is dropped, up to a quarter of it at once.
   * @default 1048576 (1 MiB)
   */
  @IsInt()
  @Min(4_096)
  @Max(67_108_864)
  maxBytes = 1_048_576;

  /** Time for which a stream is kept after its last change, in milliseconds. @default 3600000 (1 hour) */
  @IsInt()
  @Min(1_000)
  ttlMs = 3_600_000;

  /**
   * Time for which small writes are collected, in milliseconds, after the one that left at once. With 60, tokens that come every 20 ms
   * leave three at a time.
   * @default 60
   */
  @IsInt()
  @Min(0)
  @Max(10_000)
  joinMs = 60;

  /**
   * Time after which a stream whose writer's instance was killed counts as failed, in milliseconds. Instances renew it while they
   * write. @default 15000
   */
  @IsInt()
  @Min(500)
  @Max(600_000)
  leaseMs = 15_000;

  /** Maximum number of streams that this instance writes at once. @default 10000 */
  @IsInt()
  @Min(1)
  maxOpen = 10_000;

  /**
   * Maximum size of the writes of this instance that are not stored yet, in bytes. At this limit `write` waits.
   * @default 67108864 (64 MiB)
   */
  @IsInt()
  @Min(65_536)
  maxWaitingBytes = 67_108_864;
}
