import { parseArgs } from 'node:util';
import { runCalls } from './run-calls.js';

/**
 * Calls while connections are cut at random bytes and instances are killed: `npm run test:commands -- --calls 100000 --kills 40
 * --seed 1 [--mutant no-store]`. Exits with 1 if a promise was broken.
 */
const { values } = parseArgs({
  options: {
    calls: { type: 'string', default: '100000' },
    kills: { type: 'string', default: '40' },
    seed: { type: 'string', default: '1' },
    mutant: { type: 'string' },
  },
});

const say = (text: string) => process.stdout.write(`${text}\n`);
const startedAt = performance.now();
const { log, violations, connections } = await runCalls({
  ...{ calls: Number(values.calls), kills: Number(values.kills), seed: values.seed },
  ...(values.mutant !== undefined && { mutant: values.mutant }),
});
const interrupted = log.answers.filter(({ outcome }) => outcome === 'interrupted').length;
const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1);
say(`${log.sent.length} calls, ${log.ran.length} runs, ${interrupted} interrupted, ${log.events.length} events`);
say(`${connections} connections, ${values.kills} kills, ${seconds} s`);
for (const { class: kind, text } of violations.slice(0, 20)) say(`${kind}: ${text}`);
say(violations.length === 0 ? 'No promise was broken.' : `FAILED with the seed ${values.seed}`);
process.exitCode = violations.length === 0 ? 0 : 1;
