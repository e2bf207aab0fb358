import { parseArgs } from 'node:util';
import { describe } from '../report.js';
import { ONE_READ_A_SECOND } from './mutants.js';
import { runQuiet, seconds } from './run-quiet.js';

/**
 * Loses single messages on 60,000 quiet channels: `npm run test:fault:quiet -- [--sockets 120] [--each 500] [--losses
 * 600] [--seed 1] [--mutant]`. Exits with 1 if a loss was not detected within the stated bound; with `--mutant`, if an
 * audit that is too slow was not found.
 */
const { values } = parseArgs({
  options: {
    sockets: { type: 'string', default: '120' },
    each: { type: 'string', default: '500' },
    losses: { type: 'string', default: '600' },
    seed: { type: 'string', default: '1' },
    audit: { type: 'string', default: '60000' },
    mutant: { type: 'boolean', default: false },
    dist: { type: 'string' },
  },
});

const say = (text: string) => process.stdout.write(`${text}\n`);
const { late, noticedMs, boundMs, violations } = await runQuiet({
  dist: values.dist,
  seed: values.seed,
  sockets: Number(values.sockets),
  each: Number(values.each),
  losses: Number(values.losses),
  auditMs: Number(values.audit),
  patches: values.mutant ? [ONE_READ_A_SECOND] : [],
  say,
});
const median = noticedMs[Math.floor(noticedMs.length / 2)]!;
say(
  `noticed after ${seconds(median)} (median), ${seconds(noticedMs.at(-1)!)} (worst); the bound is ${seconds(boundMs)}`,
);
say(`${late} of ${noticedMs.length} later than the bound, ${violations.length} violations`);
say(describe(violations));
const isGood = late === 0 && violations.length === 0;
process.exitCode = isGood === values.mutant ? 1 : 0;
