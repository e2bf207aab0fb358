import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { RealtimeApp, withDefaults, type LogBook } from '../realtime/support/realtime-app.js';
import { Child } from '../support/child.js';

const warnings = ({ lines }: LogBook) => lines.filter((line) => line.startsWith('warn') && line.includes('REDIS_URL'));

describe('several workers without Redis', () => {
  afterEach(() => {
    delete process.env['NODE_APP_INSTANCE'];
  });

  it('one warning at start says how to fix it', async () => {
    process.env['NODE_APP_INSTANCE'] = '1';
    const app = await RealtimeApp.start();
    await app.close();
    expect(warnings(app.log)).toEqual([expect.stringContaining('Set redis.url (REDIS_URL), or run one worker')]);
  });

  it('a single process is not warned, and neither is one with Redis', async () => {
    const alone = await RealtimeApp.start();
    await alone.close();
    process.env['NODE_APP_INSTANCE'] = '1';
    const withRedis = await RealtimeApp.start({ redis: { url: 'redis://127.0.0.1:1' } });
    await withRedis.close();
    expect([...warnings(alone.log), ...warnings(withRedis.log)]).toEqual([]);
  });

  it('each worker of node:cluster is warned once', async () => {
    const dist = resolve('dist', 'realtime');
    if (!existsSync(dist)) throw new Error('dist is missing: run "npm run build" first');
    const child = new Child(process.execPath, [
      resolve('test/host/support/cluster.mjs'),
      JSON.stringify({ dist, options: withDefaults({}) }),
    ]);
    expect(await child.exited).toEqual({ code: 0, signal: null });
    expect(child.output.match(/is a worker of node:cluster/g)).toHaveLength(2);
  });
});
