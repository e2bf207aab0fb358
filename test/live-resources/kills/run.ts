import { parseArgs } from 'node:util';
import { runLive } from './run-live.js';

/**
 * Live resources while instances are killed, also while they load, and Redis restarts, loses its data or is replaced by a replica
 * that lacks the last writes: `npm run test:live -- --rounds 18 --seed 1 [--mutant no-lease]`. Exits with 1 if a promise was broken.
 */
const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '18' },
    changes: { type: 'string', default: '300' },
    clients: { type: 'string', default: '12' },
    seed: { type: 'string', default: '1' },
    mutant: { type: 'string' },
  },
});

const say = (text: string): void => void process.stdout.write(`${text}\n`);
const startedAt = performance.now();
const { rounds, changes, clients, seed, mutant } = values;
const { violations, figures } = await runLive({
  ...{ rounds: Number(rounds), changes: Number(changes), clients: Number(clients), seed },
  ...(mutant !== undefined && { mutant }),
});
const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1);
say(
  `${rounds} rounds, ${Object.entries(figures)
    .map(([name, count]) => `${count} ${name}`)
    .join(', ')}, ${seconds} s`,
);
for (const { class: kind, text } of violations.slice(0, 20)) say(`${kind}: ${text.slice(0, 1_000)}`);
say(
  violations.length === 0 ? 'No promise was broken.' : `FAILED with the seed ${seed}: ${violations.length} violations`,
);
process.exitCode = violations.length === 0 ? 0 : 1;
