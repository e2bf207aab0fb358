import { build } from 'esbuild';
import { execFileSync } from 'node:child_process';

/** Runs in a separate process, so that the collections do not affect other tests. */
const SCRIPT = `
import { createRealtimeClient, events } from './src/client/index.ts';

const turn = () => new Promise((resolve) => setImmediate(resolve));
// Its sockets never open, and hold no references.
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
  await turn(); // finalizers run
}
users.push(channel.users);
holder.close();
console.log(JSON.stringify({ growth, users }));
`;

describe('the client frees', () => {
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

  it('the memory of 10,000 channels that were joined and left: they cost no more than the first 100', () => {
    // 4 KB each would be 40 MB; the rest is names that are not swept yet.
    expect(found.growth).toBeLessThan(2_000_000);
  });

  it('an iterator that was abandoned without return(): its channel is unsubscribed', () => {
    expect(found.users).toEqual([1, 0]);
  });
});
