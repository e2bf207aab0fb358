import { Redis } from 'ioredis';
import type { ServerFrame } from '../../src/protocol/index.js';
import { Command, RealtimeCommands, RedisBridge } from '../../src/realtime/index.js';
import { RealtimeApp } from '../realtime/support/realtime-app.js';
import { RedisProcess } from '../support/redis-process.js';
import { until } from '../support/until.js';
import type { WsClient } from '../support/ws-client.js';

const CALLS = 200;
/** More than the probes, self-tests and leases of the instance while the calls run, and less than one command for each call. */
const BACKGROUND = 150;

@RealtimeCommands()
class CountCommands {
  @Command('change', { perSecond: 1_000 })
  change(): void {}

  @Command('look', { once: false, perSecond: 1_000 })
  look(): void {}
}

describe('commands that a call sends to Redis', () => {
  let redis: RedisProcess;
  let monitored: Redis;
  let app: RealtimeApp;
  let client: WsClient;
  /** Commands of connections, without those that a script runs. */
  const commands: string[] = [];

  beforeAll(async () => {
    redis = await RedisProcess.start();
    monitored = new Redis(redis.url);
    const monitor = await monitored.monitor();
    monitor.on('monitor', (_time: string, args: string[], source: string) => {
      if (source !== 'lua') commands.push(args.join(' ').toLowerCase());
    });
    app = await RealtimeApp.start(
      { redis: { url: redis.url }, framesPerSecond: 10_000 },
      { providers: [CountCommands] },
    );
    await until(() => app.app.get(RedisBridge).status.up);
    client = await app.connectAs({ sub: 'ann' });
    await client.ask({ type: 'call', name: 'change', callId: 'first' }); // the server learns the scripts
    monitored.once('close', () => monitor.disconnect());
  });
  afterAll(async () => {
    await client?.close();
    await app?.close();
    monitored?.disconnect();
    await redis?.stop();
  });

  /** Returns the commands of {@link CALLS} calls. */
  async function commandsOf(name: string): Promise<readonly string[]> {
    const mark = `mark ${name}`;
    const untilMarked = async (text: string): Promise<void> => {
      await monitored.echo(text);
      await until(() => commands.includes(`echo ${text}`));
    };
    await untilMarked(mark);
    const start = commands.indexOf(`echo ${mark}`) + 1;
    for (let count = 0; count < CALLS; count += 1) {
      const answer = await client.ask({ type: 'call', name, callId: `${name}-${count}` });
      if (answer.type !== 'result') throw new Error(JSON.stringify(answer));
    }
    await untilMarked(`${mark} end`);
    return commands.slice(start, commands.indexOf(`echo ${mark} end`));
  }

  it('are two, and no script is sent again', async () => {
    const sent = await commandsOf('change');
    const ofCalls = sent.filter((command) => command.includes(':change-'));
    expect(ofCalls).toHaveLength(2 * CALLS);
    expect(ofCalls.filter((command) => !command.startsWith('evalsha '))).toEqual([]);
    expect(sent.length).toBeLessThan(2 * CALLS + BACKGROUND);
  });

  it('are none if the command only reads', async () => {
    const sent = await commandsOf('look');
    expect(sent.filter((command) => command.includes('look'))).toEqual([]);
    expect(sent.length).toBeLessThan(BACKGROUND);
  });

  it('load a script again that the server has forgotten', async () => {
    await monitored.script('FLUSH');
    let answer: ServerFrame;
    // Publishing connects again after a flush. Calls are refused meanwhile.
    do answer = await client.ask({ type: 'call', name: 'change', callId: 'flushed' });
    while (answer.type === 'error' && answer.code === 'unavailable');
    expect(answer).toMatchObject({ type: 'result' });
  });
});
