import { formatPosition, type StatePatch } from '../../protocol/index.js';
import type { Snapshot } from './compose-state.js';
import { difference, isEmptyPatch } from './difference.js';
import { wholeState } from './partial.js';

/** Number of times that two states are read until no event comes between them. */
const MAX_READS = 5;

/**
 * Returns the event that brings all clients from an earlier state to the state that was just loaded; `null` if both are the same.
 * A load can contain changes that no event has announced yet. Without this event, clients that hold the earlier state would not
 * receive them: later differences are computed from the loaded state.
 *
 * The difference holds only directly after the position at which both states were compared (`after`). At any other position, and
 * without an earlier state, all clients receive the state. The id of the load (`by`) says that the loaded state is this one.
 * @param forward applies the later events
 * @param maxBytes maximum size of an event
 */
export async function alignment(
  before: Snapshot | null,
  after: Snapshot,
  forward: (snapshot: Snapshot) => Promise<Snapshot | null>,
  maxBytes: number,
): Promise<object | null> {
  const { by } = after;
  const reload = { reload: true, by };
  let [old, loaded] = [before, after];
  for (let reads = 0; old !== null && reads < MAX_READS; reads += 1) {
    const next = await forward(loaded);
    old = await forward(old);
    if (old === null || next === null) break;
    loaded = next;
    const position = formatPosition(loaded.position);
    if (formatPosition(old.position) !== position) continue;
    const patch = difference(old.data, loaded.data);
    return isEmptyPatch(patch) ? null : smallest({ after: position, by }, patch, loaded.data, maxBytes, reload);
  }
  return reload;
}

function smallest(condition: object, patch: StatePatch, data: unknown, maxBytes: number, reload: object): object {
  const whole = wholeState(data as never);
  const [small, large] = [JSON.stringify(patch), JSON.stringify(whole)];
  const chosen = small.length < large.length ? patch : whole;
  const event = { ...condition, ...chosen };
  return Buffer.byteLength(JSON.stringify(event)) <= maxBytes ? event : reload;
}
