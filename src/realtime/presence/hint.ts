import { list, record, string, type Schema } from '../schemas/schema.js';

/** Maximum number of channels in one hint. */
export const HINT_CHANNELS = 500;

/** Message of an instance to the others: the members of these channels have changed. */
export interface Hint {
  /** Topics. */
  readonly channels: readonly string[];
}

export const hintSchema: Schema<Hint> = record<Hint>({
  channels: list(string({ min: 1, max: 1_024 }), HINT_CHANNELS),
});
