import { IsInt, Max, Min } from 'class-validator';

/** Live resources: channels with a state. See docs/live-resources.md. */
export class LiveOptions {
  /** Maximum size of a state as JSON, in bytes, unless its `@LiveResource` has another one. @default 1048576 (1 MiB) */
  @IsInt()
  @Min(1)
  @Max(16_777_216)
  maxBytes = 1_048_576;

  /**
   * Time after which a loaded state is not used for new subscribers, in milliseconds, unless its `@LiveResource` has another one.
   * Changes that no patch announced reach subscribers at the latest with the load after it.
   * @default 3600000 (1 hour)
   */
  @IsInt()
  @Min(1_000)
  @Max(86_400_000)
  ttlMs = 3_600_000;

  /**
   * Time limit of a load, in milliseconds, unless its `@LiveResource` has another one. If the instance that loads is killed,
   * another one begins after this time. @default 5000
   */
  @IsInt()
  @Min(10)
  @Max(600_000)
  loadTimeoutMs = 5_000;

  /** Maximum number of loads that run at once on this instance. Others wait. @default 16 */
  @IsInt()
  @Min(1)
  @Max(10_000)
  concurrentLoads = 16;

  /** Maximum size of the states that this instance keeps in memory, as JSON, in bytes. @default 67108864 (64 MiB) */
  @IsInt()
  @Min(0)
  cacheBytes = 67_108_864;
}
