import { Command, RealtimeCommands, RedisBridge } from '../../src/realtime/index.js';
import { RealtimeApp } from '../realtime/support/realtime-app.js';
import { RedisProcess } from '../support/redis-process.js';

let ran = 0;

@RealtimeCommands()
class CountCommands {
  @Command('count')
  count(): number {
    return (ran += 1);
  }
}

describe('calls over a Redis that loses its data', () => {
  let redis: RedisProcess;
  let app: RealtimeApp;

  beforeAll(async () => {
    redis = await RedisProcess.start();
    app = await RealtimeApp.start({ redis: { url: redis.url } }, { providers: [CountCommands] });
  });
  afterAll(async () => {
    await app?.close();
    await redis?.stop();
  });

  /** Returns the epoch that a new connection receives, once `is` accepts it. The time limit of the test bounds the wait. */
  async function epoch(is: (epoch: string) => boolean): Promise<string> {
    for (;;) {
      const client = await app.connect();
      const { commands } = await client.next('connected');
      await client.close();
      if (commands !== undefined && is(commands.epoch)) return commands.epoch;
      await new Promise((resolve) => void setTimeout(resolve, 50));
    }
  }

  it('have another epoch then, so that clients do not repeat earlier ones', async () => {
    const before = await epoch((one) => one !== '' && app.app.get(RedisBridge).status.up);
    const client = await app.connectAs({ sub: 'ann' });
    const call = { type: 'call', name: 'count', callId: 'c1' };
    for (let count = 0; count < 2; count += 1) expect(await client.ask(call)).toMatchObject({ data: 1 });
    expect(await epoch(() => true)).toBe(before);
    await redis.restart();
    const after = await epoch((one) => one !== '' && one !== before);
    expect(after).not.toBe(before);
    // A client that repeats it nevertheless: the docs say that it runs again.
    let answer = await client.ask(call);
    while (answer.type === 'error' && answer.code === 'unavailable') answer = await client.ask(call);
    expect([answer, ran]).toMatchObject([{ data: 2 }, 2]);
    await client.close();
  }, 60_000);
});
