import { signToken } from '../support/jwt.js';
import { PING, PONG, RawWebSocket } from './support/raw-web-socket.js';
import { RealtimeApp } from './support/realtime-app.js';

const EVERY_MS = 300;

describe('the heartbeat', () => {
  let app: RealtimeApp;

  beforeAll(async () => {
    app = await RealtimeApp.start({ heartbeatIntervalMs: EVERY_MS });
  });
  afterAll(() => app.close());

  const raw = (sub: string): Promise<RawWebSocket> =>
    RawWebSocket.connect(app.port, { path: `/ws?token=${signToken({ sub })}` });

  it('is told to the client by connected', async () => {
    const client = await app.connect();
    expect(await client.next('connected')).toMatchObject({ heartbeatMs: EVERY_MS });
    await client.close();
  });

  it('pings a connection, and closes one that shows no sign of life by the next with 4502', async () => {
    const dead = await raw('dead');
    const since = performance.now();
    const gone = app.gone('dead');
    await dead.until('heartbeat timeout');
    expect(performance.now() - since).toBeGreaterThan(1.5 * EVERY_MS);
    expect(dead.frames.filter(({ opcode }) => opcode === PING)).toHaveLength(1);
    expect(dead.closeCode).toBe(4502);
    await gone; // it does not answer the close either: it is cut off
    expect(app.registry.ofUser('dead').size).toBe(0);
  });

  it('keeps a connection that answers, for as long as it likes', async () => {
    const client = await app.connectAs({ sub: 'pongs' });
    for (let beat = 0; beat < 4; beat += 1) await new Promise((resolve) => client.socket.once('ping', resolve));
    await client.fence();
    expect(app.registry.ofUser('pongs').size).toBe(1);
    await client.close();
  });

  it.each<[string, (client: RawWebSocket) => void]>([
    ['a pong', (client) => client.send(PONG)],
    ['a ping of its own', (client) => client.send(PING)],
    ['any frame', (client) => client.sendJson({ type: 'ping' })],
    ['even a bad frame', (client) => client.sendJson({})],
  ])('takes %s as a sign of life', async (_what, show) => {
    const client = await raw('signs');
    const gone = app.gone('signs');
    const witness = await app.connectAs({ sub: 'witness' });
    for (let beat = 0; beat < 4; beat += 1) {
      show(client);
      await new Promise((resolve) => witness.socket.once('ping', resolve));
    }
    expect(client.closeCode).toBeUndefined();
    expect(app.registry.ofUser('signs').size).toBe(1);
    client.tcp.destroy();
    expect(await gone).toBe(1006);
    await witness.close();
  });

  it('answers the ping of a client with a pong of the same payload', async () => {
    const client = await raw('asks');
    client.send(PING, 'hello');
    await client.until('hello');
    expect(client.frames.find(({ opcode }) => opcode === PONG)?.payload.toString()).toBe('hello');
    client.tcp.destroy();
  });
});
