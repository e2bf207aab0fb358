import { IsInt, Max, Min } from 'class-validator';

/** Size and lifetime of each channel's history. */
export class HistoryOptions {
  /** Number of events kept per channel. @default 100 */
  @IsInt()
  @Min(1)
  @Max(100_000)
  size = 100;

  /** Time for which a channel's history is kept after its last event, in milliseconds. @default 300000 (5 minutes) */
  @IsInt()
  @Min(1_000)
  @Max(86_400_000)
  ttlMs = 300_000;
}

/** Size and lifetime of a history. */
export type HistoryWindow = Readonly<HistoryOptions>;
