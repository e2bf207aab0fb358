import type { Claim, ClaimState } from './occupancy-store.js';

const CLAIM = /^(starting|held|ending|ended) (\d{1,16}) ([A-Za-z0-9]{0,64})$/;

/** Encodes a claim for a store that keeps strings: `held 17 instance`. */
export function writeClaim({ state, sequence, owner }: Claim): string {
  return `${state} ${sequence} ${owner}`;
}

/** Decodes a claim. @throws Error for a string that no instance wrote */
export function readClaim(text: string): Claim {
  const [, state, sequence, owner] = CLAIM.exec(text) ?? [];
  if (state === undefined || !Number.isSafeInteger(Number(sequence))) throw new Error('it is not a claim');
  return { state: state as ClaimState, sequence: Number(sequence), owner: owner! };
}
