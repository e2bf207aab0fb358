import { decode, json, record, string } from '../schemas/schema.js';
import type { Snapshot } from './compose-state.js';
import type { StoredState } from './state-store.js';

const schema = record<Pick<Snapshot, 'by' | 'data'>>({ by: string({ max: 100 }), data: json });

export function storedOf({ position, data, loadedAt, by }: Snapshot): StoredState {
  return { position, json: JSON.stringify({ by, data }), loadedAt };
}

/** Reads a stored state. @returns `null` if there is none, or another program has overwritten it */
export function snapshotOf(stored: StoredState | null): Snapshot | null {
  if (stored === null) return null;
  try {
    const { position, loadedAt } = stored;
    return { position, loadedAt, ...decode(schema, stored.json) };
  } catch {
    return null;
  }
}
