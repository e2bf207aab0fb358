import { parseArgs } from 'node:util';
import { Build, type Patch } from '../build.js';
import { FROZEN_MUTANTS, OUTBOX_MUTANTS } from './mutants.js';
import { runFrozen } from './run-frozen.js';
import { Random } from '../../support/random.js';
import { CHANNELS, runOutbox, WORKER } from './run-outbox.js';

/**
 * The outbox under faults: `npm run test:fault:outbox -- --kills 40 --seed 1 [--product] [--mutant name]`. Runs the product with
 * faults of Redis and of the connections to Postgres, then each mutant. Exits with 1 if there was a difference, or if a
 * mutant was not found.
 */
const { values } = parseArgs({
  options: {
    /** Number of kills for each of the three processes. */
    kills: { type: 'string', default: '40' },
    seed: { type: 'string', default: '1' },
    mutant: { type: 'string', multiple: true },
    /** Runs no mutants. */
    product: { type: 'boolean', default: false },
    /** Runs only the test with a frozen relay. */
    frozen: { type: 'boolean', default: false },
  },
});

const say = (text: string) => process.stdout.write(`${text}\n`);
const kills = Number(values.kills);
if (!(kills > 0)) throw new Error(`--kills must be a number above 0, not ${values.kills}`);

async function attempt(name: string, patches: readonly Patch[]): Promise<boolean> {
  const build = await Build.make(patches, { program: WORKER });
  try {
    const startedAt = performance.now();
    const verdict = await runOutbox({
      dist: build.dist,
      random: new Random(`${values.seed} ${name}`),
      workers: 3,
      kills: patches.length === 0 ? kills : Math.min(kills, 8),
      life: [1, 150],
      servers: patches.length === 0,
    });
    const kinds = [...new Set(verdict.differences.map(({ kind }) => kind))];
    const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1);
    say(
      `${name}: ${verdict.kills} kills, ${verdict.committed} committed, ${verdict.seen} seen, ` +
        `${verdict.restarts} restarts of Redis, ${verdict.resyncs} resyncs, ` +
        `${verdict.differences.length} differences (${kinds.join(', ') || 'none'}), ${seconds} s`,
    );
    return verdict.differences.length === 0 && verdict.resyncs <= verdict.restarts * CHANNELS.length;
  } finally {
    await build.remove();
  }
}

async function attemptFrozen(name: string, patches: readonly Patch[]): Promise<boolean> {
  const build = await Build.make(patches, { program: WORKER });
  try {
    const { differences, held, heldUp, committed } = await runFrozen(build.dist);
    say(
      `${name}, with a frozen relay: ${committed} committed, ${held.length} channels held, ${heldUp.length} others blocked, ` +
        `${differences.length} differences`,
    );
    return differences.length === 0 && heldUp.length === 0;
  } finally {
    await build.remove();
  }
}

const all = { ...OUTBOX_MUTANTS, ...FROZEN_MUTANTS };
const names = values.mutant ?? (values.product ? [] : Object.keys(values.frozen ? FROZEN_MUTANTS : all));
let good = values.mutant !== undefined || values.frozen || (await attempt('the product', []));
if (values.mutant === undefined && !(await attemptFrozen('the product', []))) good = false;
for (const name of names) {
  const patch = all[name];
  if (patch === undefined) throw new Error(`There is no mutant ${name}: ${Object.keys(all).join(', ')}`);
  const run = name in FROZEN_MUTANTS ? attemptFrozen : attempt;
  if (await run(`the mutant ${name}`, [patch])) good = false;
}
say(good ? 'All is well.' : 'FAILED');
process.exitCode = good ? 0 : 1;
