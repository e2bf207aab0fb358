import { parseArgs } from 'node:util';
import { median } from '../statistics.js';
import { cancelTimes } from './cancels.js';
import { costsOfDelivery } from './deliveries.js';
import { framesOfMebibyte, overheads } from './overhead.js';

/**
 * Streams: `npm run bench:streams -- --only cancel --cancels 1000 --streams 1000`. The parts are `cancel` (over Redis, through another
 * instance), `bytes` (of a token beside its text), `frames` (of a mebibyte for a new client) and `cpu` (of a delivery). Exits with 1 if a
 * target was missed. `BENCH_DIST` measures another build.
 */
const { values } = parseArgs({
  options: {
    only: { type: 'string', multiple: true, default: ['cancel', 'bytes', 'frames', 'cpu'] },
    cancels: { type: 'string', default: '1000' },
    streams: { type: 'string', default: '1000' },
    /** Interval of the writes to each stream while streams are cancelled, in milliseconds. */
    every: { type: 'string', default: '200' },
    /** Duration of each measurement of `bytes`. */
    seconds: { type: 'string', default: '10' },
    readers: { type: 'string', default: '1000' },
    runs: { type: 'string', default: '5' },
  },
});

const CANCEL_P99_MS = 200;
const TOKEN_BYTES = 30;
const FRAMES = 16;

const say = (text: string): void => void process.stdout.write(`${text}\n`);
let missed = 0;
const target = (text: string, isMet: boolean): void => {
  say(`${text}: ${isMet ? 'met' : 'MISSED'}`);
  if (!isMet) missed += 1;
};
const has = (part: string): boolean => values.only.includes(part);

if (has('cancel')) {
  const plan = { cancels: Number(values.cancels), streams: Number(values.streams), everyMs: Number(values.every) };
  for (const { what, p50, p99, max, count, partsPerSecond, loopMax } of await cancelTimes(plan)) {
    const times = `p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms, longest ${max.toFixed(1)} ms; event loop of the writers up to ${loopMax.toFixed(0)} ms`;
    say(`${count} cancels, ${what} (${partsPerSecond.toFixed(0)} parts a second): ${times}`);
    target(`  p99 ≤ ${CANCEL_P99_MS} ms`, p99 <= CANCEL_P99_MS);
  }
}
if (has('bytes')) {
  for (const { what, bytesPerToken, tokensPerFrame } of await overheads([5, 10, 20], Number(values.seconds))) {
    say(`tokens of 4 bytes, ${what}: ${bytesPerToken.toFixed(2)} bytes each, ${tokensPerFrame.toFixed(1)} a frame`);
    target(`  ≤ ${TOKEN_BYTES} bytes`, bytesPerToken <= TOKEN_BYTES);
  }
}
if (has('frames')) {
  const frames = await framesOfMebibyte();
  say(`1,048,576 bytes for a new client: ${frames} frames`);
  target(`  one per 64 KB: ${FRAMES}`, frames === FRAMES);
}
if (has('cpu')) {
  for (const perTurn of [1, 10]) {
    const costs = await costsOfDelivery(Number(values.readers), Number(values.runs), perTurn);
    const all = costs.map((cost) => cost.toFixed(2)).join(', ');
    const what = `CPU of a part to one of ${values.readers} readers, ${perTurn} a turn`;
    say(`${what}: median ${median(costs).toFixed(2)} µs (${all})`);
  }
}
process.exitCode = missed > 0 ? 1 : 0;
