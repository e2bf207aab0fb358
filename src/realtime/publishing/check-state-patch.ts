import { applyPatch, isStateReload, parsePath, type StatePatch } from '../../protocol/index.js';
import { InvalidEventError } from './errors.js';

/**
 * Checks the data of an event on the channel of a live resource.
 * @param data parsed JSON
 * @throws InvalidEventError if it is not a patch
 */
export function checkStatePatch(data: unknown): void {
  if (isStateReload(data)) return;
  try {
    applyPatch(null, data as StatePatch);
  } catch (error) {
    throw new InvalidEventError('data', `is not a patch of a state: ${(error as Error).message}`);
  }
  const { set = {}, remove = [] } = data as StatePatch;
  if ([...Object.keys(set), ...remove].some((path) => parsePath(path).includes('__proto__'))) {
    throw new InvalidEventError('data', 'cannot hold a property named __proto__');
  }
}
