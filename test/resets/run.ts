import { resets } from './resets.js';

const CONNECTIONS = 2_000;

/** Resets 2,000 connections at random times during the handshake; `npm run test:resets -- SEED` repeats a run. */
const seed = Number(process.argv[2] ?? Date.now() % 1_000_000);
const result = await resets(CONNECTIONS, seed);
process.stdout.write(`seed ${seed}: ${JSON.stringify(result, null, 2)}\n`);
const isGood =
  result.pings === result.pongs && result.errors === '' && Object.values(result.left).every((left) => left === 0);
process.exitCode = isGood ? 0 : 1;
