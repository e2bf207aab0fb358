import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { ProtocolError } from '../../src/protocol/index.js';
import { RealtimeClock } from '../../src/realtime/timing/realtime-clock.js';
import { AuthService } from '../../src/realtime/index.js';
import { Counters } from '../../src/realtime/observability/counters.js';
import { secondsFromNow, signToken } from '../support/jwt.js';
import { TcpClient, upgradeRequest } from '../support/tcp.js';
import { until } from '../support/until.js';
import { RealtimeApp } from './support/realtime-app.js';

let app: RealtimeApp;
const loops: { stop(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(loops.splice(0).map((page) => page.stop()));
  await app?.close();
});

/** Opens and closes WebSockets in a loop, like a page with a bug, as fast as it can. */
function loop(token: () => string): void {
  let isRunning = true;
  const running = (async () => {
    while (isRunning) {
      await app.connect({ token: token() }).then(
        (client) => client.close(),
        () => undefined, // 503
      );
    }
  })();
  loops.push({
    stop: () => {
      isRunning = false;
      return running;
    },
  });
}

/** Returns the status line and headers of one upgrade with this token. */
async function answerTo(token: string, path = '/ws'): Promise<string> {
  const client = await TcpClient.connect(app.port);
  client.send(upgradeRequest({ path: `${path}?token=${token}` }));
  await client.until('\r\n\r\n');
  client.destroy();
  return client.text;
}

const REAL_LIMITS = { handshakesPerSecondPerUser: 1 };

describe('the limit of handshakes of one user', () => {
  it('admits 40 of 40 healthy clients during a connect loop of one page', async () => {
    app = await RealtimeApp.start({ ...REAL_LIMITS, handshakesPerSecond: 30 });
    const token = signToken({ sub: 'looping' });
    loop(() => token);
    loop(() => signToken({ sub: 'looping', jti: randomUUID() }));
    await until(() => app.app.get(Counters).handshakes.get('throttled') > 100);
    const healthy = await Promise.all(
      Array.from({ length: 40 }, async (_, index) => {
        await delay(index * 25); // spreads the clients over a second
        const client = await app.connect({ token: signToken({ sub: `healthy ${index}` }) });
        return client.next('connected');
      }),
    );
    expect(healthy).toHaveLength(40);
  });

  it('responds with 503 and Retry-After, without verifying the token of a throttled user further', async () => {
    app = await RealtimeApp.start(REAL_LIMITS);
    const token = signToken();
    let answer = await answerTo(token);
    let accepted = 0;
    for (; answer.startsWith('HTTP/1.1 101 Switching Protocols\r\n'); accepted += 1) answer = await answerTo(token);
    expect(accepted).toBeGreaterThanOrEqual(20);
    expect(accepted).toBeLessThan(40); // one a second more, on a busy machine
    expect(answer).toMatch(/^HTTP\/1\.1 503 Service Unavailable\r\n[^]*\r\nRetry-After: [2-9]\r\n/);
    await app.connectAs({ sub: 'u2' });
    expect(app.log.lines.filter((line) => line.includes('handshakesPerSecondPerUser'))).toHaveLength(1);
  });
});

describe('a token that is refused again and again', () => {
  it('gets 401 the tenth time within a minute, so that its socket never opens', async () => {
    app = await RealtimeApp.start();
    const expired = signToken({ exp: 1 });
    for (let count = 1; count < 10; count += 1) {
      const client = await app.connect({ token: expired });
      expect(await client.next('error')).toMatchObject({ code: 'token_expired' });
      expect(await client.whenClosed()).toMatchObject({ code: 4401 });
    }
    for (const path of ['/ws', '/ws']) {
      const answer = await answerTo(expired, path);
      expect(answer).toMatch(/^HTTP\/1\.1 401 Unauthorized\r\n[^]*WWW-Authenticate: Bearer error="invalid_token"/);
    }
    const other = await app.connect({ token: signToken({ exp: 2 }) });
    expect(await other.whenClosed()).toMatchObject({ code: 4401 });
    await app.connectAs();
    expect(app.app.get(Counters).handshakes.get('token_repeated')).toBe(2);
  });

  it('is accepted as soon as it is valid', async () => {
    app = await RealtimeApp.start();
    const token = signToken({ sub: 'later', nbf: secondsFromNow(600) });
    for (let count = 1; count <= 12; count += 1) await answerTo(token);
    expect(await answerTo(token)).toMatch(/^HTTP\/1\.1 401 /);
    app.app.get(RealtimeClock).advance(600_000);
    expect(await answerTo(token)).toMatch(/^HTTP\/1\.1 101 /);
  });

  it('is not refused at the upgrade while it cannot be verified', async () => {
    app = await RealtimeApp.start();
    app.app.get(AuthService).identifyClient = () => Promise.reject(new ProtocolError('unavailable'));
    for (let count = 1; count <= 12; count += 1) expect(await answerTo('any')).toMatch(/^HTTP\/1\.1 101 /);
  });
});

describe('sockets that were refused and are still open', () => {
  it('are bounded: a further one is refused over HTTP, without affecting others', async () => {
    app = await RealtimeApp.start({ closeTimeoutMs: 60_000, maxConnectionsPerAddress: 10 });
    const mute: TcpClient[] = [];
    const statuses: string[] = [];
    for (let index = 0; index < 30; index += 1) {
      const client = await TcpClient.connect(app.port);
      client.send(upgradeRequest({ path: `/ws?token=rubbish${index}` }));
      await client.until('\r\n\r\n');
      statuses.push(client.text.split('\r\n')[0]!.slice(9, 12));
      mute.push(client); // The client never answers the close frame.
    }
    expect(statuses).toEqual([...Array<string>(20).fill('101'), ...Array<string>(10).fill('401')]);
    const user = await app.connectAs();
    await user.fence();
    for (const client of mute) client.destroy();
  });
});
