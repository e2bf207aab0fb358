import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Random } from '../../support/random.js';
import { Build, type Patch } from '../build.js';
import { SERVICE_FAULTS, type ServiceFaultName } from './faults.js';
import { SERVICE_MUTANTS, serviceMutantNamed } from './mutants.js';
import { describeServices, summaryOf } from './report.js';
import { runServices, type ServiceResult } from './run-services.js';

/**
 * Presence, control commands and revocations under faults: `npm run test:fault:services -- --rounds 20 --seed 1
 * [--fault name] [--mutant name]`. Runs the product and then each mutant, or only the named ones. Exits with 1 if a
 * guarantee was violated, or if a mutant was not found.
 */
const { values } = parseArgs({
  options: {
    /** The number of faults. */
    rounds: { type: 'string', default: '20' },
    seed: { type: 'string', default: '1' },
    fault: { type: 'string', multiple: true },
    mutant: { type: 'string', multiple: true },
    out: { type: 'string', default: 'coverage/fault' },
    /** Saves the log also of a run without violations. */
    keep: { type: 'boolean', default: false },
  },
});

const say = (text: string) => process.stdout.write(`${text}\n`);
const rounds = Number(values.rounds);
if (!(rounds > 0)) throw new Error(`--rounds must be a number above 0, not ${values.rounds}`);
const names = Object.keys(SERVICE_FAULTS) as ServiceFaultName[];
const wanted = names.filter((name) => values.fault === undefined || values.fault.includes(name));
if (wanted.length === 0) throw new Error(`Unknown fault: ${names.join(', ')}`);

async function attempt(
  name: string,
  patches: readonly Patch[],
  faults: readonly ServiceFaultName[],
  settleMs = 40_000,
) {
  const build = await Build.make(patches);
  const startedAt = performance.now();
  try {
    const result = await runServices({ dist: build.dist, seed: values.seed, instances: 3, faults, settleMs });
    const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1);
    say(`${name}: ${summaryOf(result)}, ${seconds} s`);
    if (values.keep || (patches.length === 0 && result.violations.length > 0)) await keep(name, result);
    return result.violations;
  } finally {
    await build.remove();
  }
}

async function keep(name: string, { log, outputs }: ServiceResult): Promise<void> {
  const directory = join(values.out, `${name.replaceAll(' ', '-')}-${values.seed}`);
  await mkdir(directory, { recursive: true });
  await writeFile(join(directory, 'log.json'), JSON.stringify(log));
  for (const [instance, output] of outputs) await writeFile(join(directory, `${instance}.log`), output);
  say(`kept in ${directory}`);
}

let good = true;
if (values.mutant === undefined) {
  const random = new Random(`faults ${values.seed}`);
  const violations = await attempt(
    'the product',
    [],
    Array.from({ length: rounds }, () => random.pick(wanted)),
  );
  say(describeServices(violations));
  good = violations.length === 0;
}
const mutants = values.mutant?.map(serviceMutantNamed) ?? (values.fault === undefined ? SERVICE_MUTANTS : []);
for (const mutant of mutants) {
  const violations = await attempt(`the mutant ${mutant.name}`, [mutant.patch], mutant.faults, mutant.settleMs);
  say(describeServices(violations, 1));
  if (!violations.some((violation) => mutant.found.includes(violation.class))) good = false;
}
say(good ? 'No promise was broken, and every mutant was caught.' : 'FAILED');
process.exitCode = good ? 0 : 1;
