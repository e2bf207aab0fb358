import { list, record, string, type Schema } from '../schemas/schema.js';

/** Channels of one hint, at most. */
export const HINT_CHANNELS = 500;

/** One instance tells the others that who is in these channels has changed. */
export interface Hint {
  /** The id of the instance. */
  readonly from: string;
  /** Topics. */
  readonly channels: readonly string[];
}

export const hintSchema: Schema<Hint> = record<Hint>({
  from: string({ min: 1, max: 64 }),
  channels: list(string({ min: 1, max: 1_024 }), HINT_CHANNELS),
});
