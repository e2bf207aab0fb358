import { Contender, withContenders, CHANNEL } from './contender.js';
import { withRedis } from './redis.js';
const what = process.argv[2];
const prof = async (c: Contender, name: string, work: () => Promise<unknown>) => {
  const s = c.server as never as { call(n: string, a: unknown): Promise<unknown> };
  await work();
  await s.call('profStart', undefined);
  const cpu = await c.cpuOf(work);
  await s.call('profStop', `/tmp/prof2/${name}.cpuprofile`);
  return cpu;
};
if (what === 'emit') await withRedis((redisUrl) => withContenders([() => Contender.start('module', { redisUrl })], async ([c]) => {
  await new Promise((r) => setTimeout(r, 1000));
  let rate = 0;
  const cpu = await prof(c!, 'emit', async () => { rate = await c!.server.call('acknowledged', { channels: [CHANNEL], window: 2000, seconds: 3, bytes: 200 }); });
  console.log('emit', rate, cpu / (rate * 3));
}));
if (what === 'handshake') await withContenders([() => Contender.start('module')], async ([c]) => {
  const cpu = await prof(c!, 'handshake', () => c!.load.call('comeAndGo', { door: { ...c!.door, hello: [], readyAfter: 1 }, count: 3000 }));
  console.log('handshake', cpu / 3000);
});
if (what === 'fan') await withContenders([() => Contender.start('module')], async ([c]) => {
  await c!.connect(1000);
  const b = Number(process.argv[3]);
  const cpu = await prof(c!, 'fan', async () => { for (let i = 0; i < 100; i++) { await c!.load.call('reset', undefined); const all = c!.load.call('until', { count: 1000 * b }); await c!.server.call('publish', { channel: CHANNEL, batch: b, turns: 1, bytes: 200 }); await all; } });
  console.log('fan', cpu / (100 * 1000 * b));
});
