import { RealtimeClock } from '../../src/realtime/timing/realtime-clock.js';
import { secondsFromNow, signToken } from '../support/jwt.js';
import { until } from '../support/until.js';
import { PING, PONG, RawWebSocket } from './support/raw-web-socket.js';
import { RealtimeApp } from './support/realtime-app.js';

/** Longer than any test: tests advance the clock, and no heartbeat is due by itself. */
const EVERY_MS = 60_000;

describe('the heartbeat', () => {
  let app: RealtimeApp;

  beforeAll(async () => {
    app = await RealtimeApp.start({ heartbeatIntervalMs: EVERY_MS });
  });
  afterAll(() => app.close());

  const raw = (sub: string): Promise<RawWebSocket> =>
    RawWebSocket.connect(app.port, { path: `/ws?token=${signToken({ sub, exp: secondsFromNow(86_400) })}` });
  const advance = (byMs: number): void => app.app.get(RealtimeClock).advance(byMs);
  const isAlive = (sub: string): boolean => [...app.registry.ofUser(sub)].every(({ alive }) => alive);

  it('is announced in connected', async () => {
    const client = await app.connect();
    expect(await client.next('connected')).toMatchObject({ heartbeatMs: EVERY_MS });
    await client.close();
  });

  it('is sent on a timer', async () => {
    const other = await RealtimeApp.start({ heartbeatIntervalMs: 200 });
    const client = await other.connectAs();
    let pings = 0;
    client.socket.on('ping', () => (pings += 1));
    await until(() => pings === 2);
    expect(client.socket.readyState).toBe(client.socket.OPEN);
    await client.close();
    await other.close();
  });

  it('pings a connection, and closes it with 4502 if it shows no sign of life by the next one', async () => {
    const dead = await raw('dead');
    const gone = app.gone('dead');
    advance(EVERY_MS);
    advance(EVERY_MS / 2);
    expect(app.registry.ofUser('dead').size).toBe(1);
    advance(EVERY_MS / 2);
    await dead.until('heartbeat timeout');
    expect(dead.frames.filter(({ opcode }) => opcode === PING)).toHaveLength(1);
    expect(dead.closeCode).toBe(4502);
    await gone; // it does not answer the close either, so it is cut off
    expect(app.registry.ofUser('dead').size).toBe(0);
  });

  it('keeps a connection that answers', async () => {
    const client = await app.connectAs({ sub: 'pongs', exp: secondsFromNow(86_400) });
    for (let beat = 0; beat < 4; beat += 1) {
      advance(EVERY_MS);
      await until(() => isAlive('pongs'));
    }
    expect(app.registry.ofUser('pongs').size).toBe(1);
    await client.close();
  });

  it.each<[string, (client: RawWebSocket) => void]>([
    ['a pong', (client) => client.send(PONG)],
    ['a ping of the client', (client) => client.send(PING)],
    ['any frame', (client) => client.sendJson({ type: 'ping' })],
    ['even a bad frame', (client) => client.sendJson({})],
  ])('takes %s as a sign of life', async (_what, show) => {
    const client = await raw('signs');
    const gone = app.gone('signs');
    for (let beat = 0; beat < 4; beat += 1) {
      advance(EVERY_MS);
      expect(isAlive('signs')).toBe(false);
      show(client);
      await until(() => isAlive('signs'));
    }
    expect(client.closeCode).toBeUndefined();
    expect(app.registry.ofUser('signs').size).toBe(1);
    client.tcp.destroy();
    expect(await gone).toBe(1006);
  });

  it('replies to the ping of a client with a pong of the same payload', async () => {
    const client = await raw('asks');
    client.send(PING, 'hello');
    await client.until('hello');
    expect(client.frames.find(({ opcode }) => opcode === PONG)?.payload.toString()).toBe('hello');
    client.tcp.destroy();
  });
});
