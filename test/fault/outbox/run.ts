import { parseArgs } from 'node:util';
import { Build, type Patch } from '../build.js';
import { Random } from '../../support/random.js';
import { runOutbox } from './run-outbox.js';

/**
 * The outbox under fire: `npm run test:fault:outbox -- --kills 40 --seed 1 [--mutant name]`. First the product, with faults of
 * Redis and of the connections to Postgres in between; then each mutant. It ends with 1 when anything differed, or a mutant lived.
 */
const { values } = parseArgs({
  options: {
    /** How often each of the three processes is killed. */
    kills: { type: 'string', default: '40' },
    seed: { type: 'string', default: '1' },
    mutant: { type: 'string', multiple: true },
  },
});

const RELAY = 'realtime/outbox/outbox-relay.service.js';

/** Faults of the product, made on purpose. */
const MUTANTS: Readonly<Record<string, Patch>> = {
  'no-key': { file: RELAY, find: 'idempotencyKey: key,', replace: 'idempotencyKey: key + Math.random(),' },
  'no-lock-of-the-channel': {
    file: 'realtime/outbox/outbox-table.js',
    find: 'pg_try_advisory_xact_lock(${LOCK}, hashtext(channel)) as ours',
    replace: 'true as ours',
  },
  'removed-before-it-is-sent': {
    file: RELAY,
    find: 'const outcomes = await sendInOrder(',
    replace: `await table.statements.query('commit');
      await this.options.database.query('delete from realtime_outbox where id in (select json_array_elements_text($1::text::json)::bigint)', [JSON.stringify(rows.map(({ id }) => id))]);
      await table.statements.query('begin');
      const outcomes = await sendInOrder(`,
  },
  'not-in-the-transaction': {
    file: 'realtime/outbox/realtime-outbox.service.js',
    find: 'await statements.query(sql,',
    replace: 'await this.table.statements.query(sql,',
  },
};

const say = (text: string) => process.stdout.write(`${text}\n`);
const kills = Number(values.kills);
if (!(kills > 0)) throw new Error(`--kills must be a number above 0, not ${values.kills}`);

async function attempt(name: string, patches: readonly Patch[]): Promise<boolean> {
  const build = await Build.copy(patches);
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
      `${name}: ${verdict.kills} kills, ${verdict.committed} committed, ${verdict.seen} seen, ${verdict.resyncs} resyncs, ` +
        `${verdict.differences.length} differences (${kinds.join(', ') || 'none'}), ${seconds} s`,
    );
    return verdict.differences.length === 0 && verdict.resyncs === 0;
  } finally {
    await build.remove();
  }
}

const names = values.mutant ?? Object.keys(MUTANTS);
let good = values.mutant !== undefined || (await attempt('the product', []));
for (const name of names) {
  const patch = MUTANTS[name];
  if (patch === undefined) throw new Error(`There is no mutant ${name}: ${Object.keys(MUTANTS).join(', ')}`);
  if (await attempt(`the mutant ${name}`, [patch])) good = false;
}
say(good ? 'All is well.' : 'FAILED');
process.exitCode = good ? 0 : 1;
