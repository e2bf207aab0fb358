import { IsBoolean, IsInt, Max, Min } from 'class-validator';

/** Commands: methods that clients call. See docs/commands.md. */
export class CommandLimitOptions {
  /**
   * Time for which the outcome of a call is kept, in milliseconds: a client can send the call again for this time. Longer than the
   * time limit of every command.
   * @default 300000 (5 minutes)
   */
  @IsInt()
  @Min(1_000)
  @Max(86_400_000)
  windowMs = 300_000;

  /**
   * Time after which a call whose instance was killed counts as interrupted, in milliseconds. Instances renew it while they run the
   * call. @default 15000
   */
  @IsInt()
  @Min(1_000)
  @Max(600_000)
  leaseMs = 15_000;

  /** Time limit of a command, in milliseconds, unless it has another one. @default 30000 */
  @IsInt()
  @Min(10)
  @Max(86_400_000)
  timeoutMs = 30_000;

  /** Calls per second of one user and command on this instance, with bursts of twice as many. @default 50 */
  @IsInt()
  @Min(1)
  @Max(1_000_000)
  perSecond = 50;

  /** Maximum number of calls of one connection that run at once. @default 32 */
  @IsInt()
  @Min(1)
  @Max(100_000)
  maxRunning = 32;

  /** Maximum number of calls of one user that run at once on this instance. @default 128 */
  @IsInt()
  @Min(1)
  @Max(1_000_000)
  maxRunningPerUser = 128;

  /** Maximum size of a result as JSON, in bytes. @default 65536 */
  @IsInt()
  @Min(1)
  @Max(16_777_216)
  maxResultBytes = 65_536;

  /** Maximum number of outcomes of one user that are kept. Further calls are answered with `rate_limited`. @default 10000 */
  @IsInt()
  @Min(1)
  maxKeptPerUser = 10_000;

  /** Maximum size of the outcomes of one user that are kept, in bytes. Further ones are not kept. @default 1048576 (1 MiB) */
  @IsInt()
  @Min(1)
  maxKeptBytesPerUser = 1_048_576;

  /** Like `maxKeptPerUser`, for all users of a tenant. @default 200000 */
  @IsInt()
  @Min(1)
  maxKeptPerTenant = 200_000;

  /** Like `maxKeptBytesPerUser`, for all users of a tenant. @default 33554432 (32 MiB) */
  @IsInt()
  @Min(1)
  maxKeptBytesPerTenant = 33_554_432;

  /**
   * Memory of all kept calls without Redis, in bytes. Beyond it the oldest outcomes are forgotten: a repetition gets `interrupted`.
   * Then new calls are answered with `rate_limited`. @default 268435456 (256 MiB)
   */
  @IsInt()
  @Min(1_024)
  maxKeptBytes = 268_435_456;

  /**
   * Also runs the global guards, interceptors, pipes and filters of the application for commands. They see an RPC context.
   * @default false
   */
  @IsBoolean()
  globalEnhancers = false;

  /** Enables `POST /realtime/commands/{name}`. @default true */
  @IsBoolean()
  http = true;
}
