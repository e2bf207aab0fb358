import type { AnyClient } from './any-client.js';

/** The difference between the clock of the server and the local one. */
export interface Measured {
  /** Server clock minus local clock, in milliseconds. */
  readonly offsetMs: number;
  /** Half of the round trip, in milliseconds: the measurement is off by at most this. */
  readonly errorMs: number;
}

/** Measurements at each connect: the first one is often slow, because the page is busy. */
const ROUNDS = 3;

/** Measures the clock of the server by `ping`. Of several measurements the one with the shortest round trip counts. */
export function createClock(client: AnyClient) {
  let best: Measured | undefined;
  return {
    get measured(): Measured | undefined {
      return best;
    },
    async measure(): Promise<void> {
      for (let round = 0; round < ROUNDS; round += 1) {
        const sentAt = Date.now();
        const { timestamp } = await client.request({ type: 'ping' });
        const errorMs = (Date.now() - sentAt) / 2;
        if (best === undefined || errorMs <= best.errorMs)
          best = { offsetMs: Math.round(Date.parse(timestamp) - sentAt - errorMs), errorMs };
      }
    },
  };
}
