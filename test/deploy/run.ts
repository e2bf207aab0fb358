import { parseArgs } from 'node:util';
import { percentile } from '../soak/soak.js';
import { deploy } from './deploy.js';

/**
 * Measures a rolling deploy: `npm run test:deploy -- --clients 1000 --spread 10000`. Ends with 1 if an event is lost, or if the 99th
 * percentile of the downtime is a second or more.
 */
const { values } = parseArgs({
  options: { clients: { type: 'string', default: '1000' }, spread: { type: 'string', default: '10000' } },
});
const clients = Number(values.clients);
if (!Number.isInteger(clients) || clients < 2)
  throw new Error(`--clients must be an integer from 2, not ${values.clients}`);

const reconnectSpreadMs = Number(values.spread);

const LIMIT_MS = 1_000;

const say = (text: string): void => void process.stdout.write(`${text}\n`);
const parts = (sorted: readonly number[]): string =>
  [0.5, 0.99, 1].map((part) => percentile(sorted, part).toFixed(0)).join(' / ');

say(`${clients} clients, two instances behind nginx, replaced one after the other`);
const { drained, published, incomplete, resets, latestMs } = await deploy(clients, { reconnectSpreadMs });
for (const [index, { moved, endedAfterMs, downtimeMs }] of drained.entries()) {
  say(`instance ${index + 1}: moved ${moved} clients, ended after ${(endedAfterMs / 1_000).toFixed(1)} s`);
  say(`  downtime of a client, ms, p50 / p99 / max: ${parts(downtimeMs)}`);
}
say(`events: ${published}; clients that missed one: ${incomplete}; reloads: ${resets}`);
say(`latest event of each client, ms, p50 / p99 / max: ${parts(latestMs)}`);
const isMet = drained.every(({ downtimeMs }) => percentile(downtimeMs, 0.99) < LIMIT_MS) && incomplete + resets === 0;
say(isMet ? 'Met.' : 'Not met.');
process.exitCode = isMet ? 0 : 1;
