import { parseArgs } from 'node:util';
import { runKills } from './run-kills.js';

/**
 * Hooks while instances and Redis are killed: `npm run test:hooks -- --kills 30 --seed 1 [--mutant no-sweep]`. Exits with
 * 1 if a promise was broken.
 */
const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '30' },
    seed: { type: 'string', default: '1' },
    instances: { type: 'string', default: '3' },
    mutant: { type: 'string' },
  },
});

const say = (text: string) => process.stdout.write(`${text}\n`);
const kills = Number(values.kills);
if (!(kills > 0)) throw new Error(`--kills must be a number above 0, not ${values.kills}`);
const startedAt = performance.now();
const { log, violations } = await runKills({
  kills,
  seed: values.seed,
  instances: Number(values.instances),
  ...(values.mutant !== undefined && { mutant: values.mutant }),
});
const changes = new Set(log.calls.map(({ name, sequence }) => `${name} ${sequence}`)).size;
const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1);
say(
  `${kills} kills, ${changes} changes, ${log.calls.length - changes} repetitions, ${log.rests.length} rests, ${seconds} s`,
);
for (const { class: kind, text } of violations) say(`${kind}: ${text}`);
say(violations.length === 0 ? 'No promise was broken.' : `FAILED with the seed ${values.seed}`);
process.exitCode = violations.length === 0 ? 0 : 1;
