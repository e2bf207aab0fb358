import { build } from 'esbuild';
import { execFileSync } from 'node:child_process';

/** Runs in a process of its own, so that collecting its garbage collects no other test's. */
const SCRIPT = `
import { createRealtimeClient, events } from './src/client/index.ts';

const turn = () => new Promise((resolve) => setImmediate(resolve));
// Its sockets never open, and keep nothing.
const newClient = () =>
  createRealtimeClient({ url: 'ws://fake/ws', WebSocket: class { send() {} close() {} } });

const visitor = newClient();
async function heapAfterVisits(from, to) {
  for (let index = from; index < to; index += 1) {
    const channel = visitor.channel('room:' + index);
    const stops = [channel.on('event', () => undefined), channel.subscribe()];
    await Promise.resolve();
    for (const stop of stops) stop();
  }
  await turn();
  gc();
  return process.memoryUsage().heapUsed;
}
await heapAfterVisits(0, 100);
const before = await heapAfterVisits(100, 1_100);
const growth = (await heapAfterVisits(1_100, 11_100)) - before;
visitor.close();

const holder = newClient();
const channel = holder.channel('apps:created');
(() => void events(channel)[Symbol.asyncIterator]().next())();
const users = [channel.users];
for (let round = 0; round < 50 && channel.users > 0; round += 1) {
  gc();
  await turn(); // finalizers have their turn
}
users.push(channel.users);
holder.close();
console.log(JSON.stringify({ growth, users }));
`;

describe('what nothing refers to any more', () => {
  let found: { readonly growth: number; readonly users: readonly number[] };

  beforeAll(async () => {
    const { outputFiles } = await build({
      stdin: { contents: SCRIPT, resolveDir: '.', loader: 'ts' },
      bundle: true,
      write: false,
      format: 'esm',
      platform: 'node',
      target: 'es2022',
    });
    const options = ['--expose-gc', '--input-type=module'];
    const output = execFileSync(process.execPath, options, { input: outputFiles[0]!.text, encoding: 'utf8' });
    found = JSON.parse(output) as typeof found;
  });

  it('is 10,000 rooms that were visited and left: they cost no more memory than the first 100', () => {
    // 4 KB each would be 40 MB; what is left is names that are still to be swept.
    expect(found.growth).toBeLessThan(2_000_000);
  });

  it('is an iterator without return(): its channel is left', () => {
    expect(found.users).toEqual([1, 0]);
  });
});
