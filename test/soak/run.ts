import { writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { chart } from './chart.js';
import { percentile, soak, type SoakResult } from './soak.js';
import { halves, mb, problemsOf } from './verdict.js';

/** The soak test: `npm run soak -- --minutes 30 --connections 5000 [--write]`. `--write` writes its results and charts. */
const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '30' },
    connections: { type: 'string', default: '5000' },
    write: { type: 'boolean', default: false },
  },
});

const minutes = Number(values.minutes);
const connections = Number(values.connections);
if (!(minutes > 0)) throw new Error(`--minutes must be a number above 0, not ${values.minutes}`);
if (!(connections >= 1)) throw new Error(`--connections must be a whole number from 1, not ${values.connections}`);

const say = (text: string): void => void process.stdout.write(`${text}\n`);
say(`soaking for ${minutes} min, ${connections} connections`);
const result = await soak({ seconds: minutes * 60, connections, onProgress: say });
const problems = problemsOf(result);
const table = describe(result, problems);
say(table);
if (values.write) await write(result, table);
process.exitCode = problems.length === 0 ? 0 : 1;

function describe({ samples, pings, before, after, load, mostAtOnce }: SoakResult, found: readonly string[]): string {
  const trend = (what: 'rss' | 'heapUsed'): string => halves(samples, what).map(mb).join(' → ');
  const ping = [0.5, 0.99, 0.999].map((part) => percentile(pings, part).toFixed(1)).join(' / ');
  const last = samples.at(-1);
  const kinds = (counts: Readonly<Record<string, number>>): string =>
    Object.entries(counts)
      .map(([name, count]) => `${name} ${count}`)
      .join(', ');
  return [
    '| | |',
    '| --- | --- |',
    `| length, machine | ${minutes} min, ${cpus().length} processors, Node ${process.versions.node} |`,
    `| connections | ${mostAtOnce} at once at most, ${load.opened} opened, ${load.refused} refused |`,
    `| delivered | ${last?.delivered} events; ${last?.slowConsumersClosed} slow readers closed |`,
    `| a healthy client's ping, ms | p50 / p99 / p99.9: ${ping}; ${pings.length} pings |`,
    `| RSS, MB | mean of the first half → of the second: ${trend('rss')} |`,
    `| heap, MB | mean of the first half → of the second: ${trend('heapUsed')} |`,
    `| heap at rest, MB | ${mb(before.heapUsed)} before, ${mb(after.heapUsed)} after |`,
    `| handles before | ${kinds(before.resources)} |`,
    `| handles after | ${kinds(after.resources)} |`,
    '',
    found.length === 0 ? 'Nothing is left over, and memory is flat.' : `Problems: ${found.join('; ')}.`,
  ].join('\n');
}

async function write({ samples, pings }: SoakResult, report: string): Promise<void> {
  const series = (name: string, color: string, pick: (sample: (typeof samples)[number]) => number) => ({
    name,
    color,
    values: samples.map(pick),
  });
  const perSample = Math.max(1, Math.floor(pings.length / samples.length));
  const ping = samples.map((_, index) => percentile(pings.slice(index * perSample, (index + 1) * perSample), 0.99));
  const memory = [series('RSS', '#0a7', ({ rss }) => mb(rss)), series('heap', '#c60', ({ heapUsed }) => mb(heapUsed))];
  await writeFile('docs/soak-memory.svg', chart('Memory of the server', 'MB', minutes, memory));
  const clients = [series('connections', '#06c', (sample) => sample.connections)];
  await writeFile('docs/soak-connections.svg', chart('Connections', 'open', minutes, clients));
  await writeFile(
    'docs/soak-ping.svg',
    chart('A healthy client’s ping', 'ms, worst of a second', minutes, [{ name: 'ping', color: '#a0c', values: ping }]),
  );
  const images = ['memory', 'connections', 'ping'].map((name) => `![${name}](soak-${name}.svg)`);
  const day = new Date().toISOString().slice(0, 10);
  const intro =
    'Clients connect and leave – fast ones, floods, slow readers, invalid frames, incomplete messages – against the built module, while a\nhealthy client measures its ping. Written by';
  const page = `# Soak test\n\n${intro} \`npm run soak -- --minutes ${minutes} --connections ${connections} --write\` on ${day}.\n\n${report}\n\n${images.join('\n\n')}\n`;
  await writeFile('docs/soak.md', page);
}
