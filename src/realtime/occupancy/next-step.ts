import type { Claim } from './occupancy-store.js';

/** Facts about a key, as this instance knows them. */
export interface KeyFacts {
  /** This instance has connections of the key, or had one a moment ago. */
  readonly exists: boolean;
  /** The claim that this instance holds, as far as it knows. */
  readonly owned: Claim | null;
  /** The stored claim. */
  readonly claim: Claim | null;
  readonly isMine: boolean;
  /** The owner of the stored claim is a live instance. */
  readonly isOwnerLive: boolean;
}

/**
 * Next step of this instance for a key:
 *
 * - `claim`: claim the key, and announce that it is occupied;
 * - `start`: announce that again, as the new owner of the claim or because the last attempt was interrupted;
 * - `check`: read the total, and announce that the key is vacant if no instance counts it;
 * - `finish`: announce again that the key is vacant;
 * - `restore`: store the claim again, after a loss of data;
 * - `lost`: another instance owns the key now;
 * - `wait`: another instance announces that the key is vacant, so look again soon.
 */
export type Step = 'none' | 'claim' | 'start' | 'check' | 'finish' | 'restore' | 'lost' | 'wait';

export function nextStep({ exists, owned, claim, isMine, isOwnerLive }: KeyFacts): Step {
  if (claim === null && owned !== null) return 'restore';
  if (claim === null || claim.state === 'ended') {
    if (owned !== null) return 'lost';
    return exists ? 'claim' : 'none';
  }
  if (!isMine && isOwnerLive) {
    if (owned !== null) return 'lost';
    return claim.state === 'ending' && exists ? 'wait' : 'none';
  }
  if (claim.state === 'ending') return 'finish';
  if (claim.state === 'starting') return 'start';
  const isKnown = isMine && owned?.sequence === claim.sequence;
  if (!exists) return 'check';
  return isKnown ? 'none' : 'start';
}
