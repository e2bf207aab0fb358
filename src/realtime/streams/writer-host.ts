import type { StreamEndState } from '../../protocol/index.js';
import type { StreamRules, StreamStore, StreamToken } from './stream-store.js';

/** Parts of the instance that store one stream. */
export interface AppenderHost {
  readonly store: StreamStore;
  readonly topic: string;
  readonly token: StreamToken;
  readonly rules: StreamRules;
  /** The time, in milliseconds. */
  now(): number;
}

/** Parts of the instance that a writer uses. */
export interface WriterHost extends AppenderHost {
  readonly channel: string;
  readonly joinMs: number;
  /** Counts waiting bytes of all writers. @returns true if `write` has to wait */
  waits(bytes: number): boolean;
  written(bytes: number): void;
  ended(state: StreamEndState): void;
}
