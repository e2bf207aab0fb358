import { ADMIN, Api } from '../platform/support/api.js';
import { secondsFromNow, signToken, unsignedToken } from '../support/jwt.js';
import { PlatformProcess } from '../support/platform-process.js';
import { connect, type ConnectOptions } from '../support/ws-client.js';

const SECRET = 'the secret of the platform, for this test alone, long enough';
const METRICS_TOKEN = 'the token of Prometheus in this test';

/** Valid and invalid tokens, all different. */
const TOKENS: Readonly<Record<string, string>> = {
  good: signToken({ sub: 'the-good' }, { key: SECRET }),
  administrator: signToken({ sub: 'the-boss', role: 'admin' }, { key: SECRET }),
  expired: signToken({ sub: 'the-expired', exp: 1 }, { key: SECRET }),
  tooEarly: signToken({ sub: 'the-early', nbf: secondsFromNow(3_600) }, { key: SECRET }),
  foreign: signToken({ sub: 'the-foreign' }),
  unsigned: unsignedToken({ sub: 'the-unsigned' }),
  nobody: signToken({ sub: '' }, { key: SECRET }),
  malformed: 'eyJhbGciOiJIUzI1NiJ9.a-payload-that-is-no-json-at-all.a-signature-of-nobody',
  rubbish: 'a-token-that-never-was-one-but-a-password',
};

/** Every way to send a token. */
const WAYS: Readonly<Record<string, (token: string) => ConnectOptions>> = {
  query: (token) => ({ token }),
  header: (token) => ({ header: `Bearer ${token}` }),
  subprotocol: (token) => ({ protocols: ['realtime.v1', `token-${token}`] }),
};

/** Returns a token and each of its distinctive parts. */
const piecesOf = (token: string): string[] => [token, ...token.split('.').filter((piece) => piece.length > 20)];

describe('secrets', () => {
  let platform: PlatformProcess;
  /** All output: frames, answers, metrics. */
  const answers: string[] = [];
  const tickets: string[] = [];

  beforeAll(async () => {
    platform = await PlatformProcess.start({
      env: { JWT_SECRET: SECRET, LOG_LEVEL: 'verbose', METRICS_TOKEN, REALTIME_OPERATOR_API: 'true' },
      readyWithinMs: 60_000,
    });
  }, 90_000);
  afterAll(() => platform?.stop());

  const request = async (path: string, token: string, init: RequestInit = {}): Promise<string> => {
    const headers = { authorization: `Bearer ${token}`, 'Content-Type': 'application/json' };
    const answer = await (await fetch(`${platform.url}${path}`, { ...init, headers })).text();
    if (!path.endsWith('/tickets')) answers.push(answer);
    return answer;
  };

  async function enter(options: ConnectOptions, url = platform.wsUrl): Promise<void> {
    const client = await connect(url, options);
    await client.next();
    if (client.frames[0]!.type === 'connected') {
      for (const token of Object.values(TOKENS).slice(0, 2)) await client.ask({ type: 'auth', token });
      await client.ask({ type: 'subscribe', channel: 'apps:created' });
      await client.close();
    }
    await client.closed;
    answers.push(JSON.stringify(client.frames));
  }

  it('are sent in every possible way', async () => {
    for (const [name, token] of Object.entries(TOKENS)) {
      for (const way of Object.values(WAYS)) await enter(way(token));
      const client = await connect(platform.wsUrl);
      await client.next('connected');
      answers.push(JSON.stringify(await client.ask({ type: 'auth', token })));
      client.send(`{"type":"auth","token":"${token}"`); // no JSON
      client.send({ type: 'auth', token: [token] });
      await client.fence();
      answers.push(JSON.stringify(client.frames));
      await client.close();
      for (const path of ['/realtime/stats', '/realtime/connections', '/api/auth/me', '/metrics'])
        await request(path, token);
      await request('/realtime/events', token, { method: 'POST', body: '{}' });
      await request(`/realtime/stats?token=${token}`, '');
      const answer = JSON.parse(await request('/realtime/tickets', token, { method: 'POST' })) as { ticket?: string };
      expect([name, answer.ticket !== undefined]).toEqual([name, name === 'good' || name === 'administrator']);
      if (answer.ticket !== undefined) tickets.push(answer.ticket);
    }
    for (const ticket of [...tickets, ...tickets]) await enter({}, `${platform.wsUrl}?ticket=${ticket}`);
    const admin = await Api.signIn(platform, ADMIN);
    await enter({ token: admin.token! });
    await request('/realtime/connections', TOKENS['administrator']!);
    await request('/metrics', METRICS_TOKEN);
    tickets.push(admin.token!);
  }, 120_000);

  it('are in no log line, error or metric', () => {
    // The log has lines about these requests: an empty log would prove nothing.
    expect(platform.stdout).toContain('A handshake was refused code=token_expired');
    expect(platform.stdout).toContain('A client connected');
    expect(platform.stdout).toContain('A token was refused');
    expect(answers.join('\n')).toContain('realtime_handshakes_total');
    const output = { stdout: platform.stdout, stderr: platform.stderr, answers: answers.join('\n') };
    const pieces = [...Object.values(TOKENS), ...tickets, SECRET, METRICS_TOKEN].flatMap(piecesOf);
    // All tokens start with the same header, which is not a secret.
    const common = new Set(Object.values(TOKENS).map((token) => token.split('.')[0]!));
    for (const [where, text] of Object.entries(output)) {
      expect([where, pieces.filter((piece) => !common.has(piece) && text.includes(piece))]).toEqual([where, []]);
    }
  });
});
