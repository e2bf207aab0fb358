import { parseArgs } from 'node:util';
import { runStreams } from './run-streams.js';

/**
 * Streams while the instances of their writers are killed and Redis is replaced by a replica that lacks the last writes:
 * `npm run test:streams -- --streams 1000 --kills 3 --promotions 2 --seed 1 [--mutant skip-lost]`. Exits with 1 if a promise was broken.
 */
const { values } = parseArgs({
  options: {
    streams: { type: 'string', default: '1000' },
    kills: { type: 'string', default: '3' },
    promotions: { type: 'string', default: '2' },
    seed: { type: 'string', default: '1' },
    mutant: { type: 'string' },
  },
});

const say = (text: string) => process.stdout.write(`${text}\n`);
const startedAt = performance.now();
const { streams, kills, promotions, seed, mutant } = values;
const { violations, beginnings, parts, bytes } = await runStreams({
  ...{ streams: Number(streams), kills: Number(kills), promotions: Number(promotions), seed },
  ...(mutant !== undefined && { mutant }),
});
const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1);
say(`${streams} streams, ${bytes} characters, ${parts} parts, ${beginnings} texts began anew, ${seconds} s`);
for (const { class: kind, text } of violations.slice(0, 20)) say(`${kind}: ${text}`);
say(
  violations.length === 0 ? 'No promise was broken.' : `FAILED with the seed ${seed}: ${violations.length} violations`,
);
process.exitCode = violations.length === 0 ? 0 : 1;
