import { FEATURES } from '../../src/protocol/index.js';
import { signToken } from '../support/jwt.js';
import type { ConnectOptions } from '../support/ws-client.js';
import { RealtimeApp } from './support/realtime-app.js';
import { errorOf, stamped, UUID_V4 } from './support/shapes.js';

const IN_AN_HOUR = expect.stringMatching(/^\d{4}-.*\.000Z$/) as unknown;

describe('connecting', () => {
  let app: RealtimeApp;

  beforeAll(async () => {
    app = await RealtimeApp.start();
  });
  afterAll(() => app.close());

  /** Returns the user id in `connected` (`null` for an anonymous one), or the code of the error. */
  async function identityOf(options: ConnectOptions): Promise<string | null> {
    const client = await app.connect(options);
    const first = await client.next();
    client.terminate();
    if (first.type === 'error') return first.code;
    return first.type === 'connected' && first.user !== null ? first.user.userId : null;
  }

  it('first sends the user and its authorized channels', async () => {
    const client = await app.connect({ token: signToken() });
    const connected = await client.next();
    expect(connected).toEqual(
      stamped({
        type: 'connected',
        connectionId: expect.stringMatching(UUID_V4),
        user: { userId: 'u1', email: 'u1@example.com', role: 'user' },
        authorizedChannels: expect.arrayContaining(['announcements', 'apps:created', 'user:u1']),
        expiresAt: IN_AN_HOUR,
        heartbeatMs: 30_000,
        features: [...FEATURES],
      }),
    );
    const other = await (await app.connect()).next('connected');
    expect(other.connectionId).not.toBe((connected as typeof other).connectionId);
  });

  it('treats a client without a token as anonymous, with access to public channels', async () => {
    const client = await app.connect();
    expect(await client.next()).toEqual(
      stamped({
        type: 'connected',
        connectionId: expect.stringMatching(UUID_V4),
        user: null,
        authorizedChannels: ['announcements'],
        heartbeatMs: 30_000,
        features: [...FEATURES],
      }),
    );
  });

  it('reports the expiry of the token, to the second', async () => {
    const exp = Math.floor(Date.now() / 1000) + 1234;
    const client = await app.connect({ token: signToken({ exp }) });
    expect(await client.next('connected')).toMatchObject({ expiresAt: new Date(exp * 1000).toISOString() });
  });

  describe('the token', () => {
    const [a, b, c] = ['a', 'b', 'c'].map((sub) => signToken({ sub })) as [string, string, string];

    it.each<[string, ConnectOptions, string | null]>([
      ['the query', { token: a }, 'a'],
      ['the header', { header: `Bearer ${b}` }, 'b'],
      ['the header, with its scheme in any case', { header: `bearer ${b}` }, 'b'],
      ['the subprotocol', { protocols: [`token-${c}`] }, 'c'],
      ['the header before all others', { token: a, header: `Bearer ${b}`, protocols: [`token-${c}`] }, 'b'],
      ['the subprotocol before the query', { token: a, protocols: [`token-${c}`] }, 'c'],
      ['the header beside a bad query, which is ignored', { token: 'rubbish', header: `Bearer ${b}` }, 'b'],
      ['the subprotocol beside a bad query', { token: 'rubbish', protocols: [`token-${c}`] }, 'c'],
      ['the query beside Basic, which is not a token', { token: a, header: 'Basic dXNlcjpwYXNz' }, 'a'],
      ['nowhere, with Basic alone', { header: 'Basic dXNlcjpwYXNz' }, null],
      ['nowhere, with another subprotocol alone', { protocols: ['realtime.v1'] }, null],
    ])('is taken from %s', async (_place, options, userId) => {
      expect(await identityOf(options)).toBe(userId);
    });

    it.each<[string, ConnectOptions]>([
      ['an empty one in the query', { token: '' }],
      ['an empty one in the header', { header: 'Bearer ' }],
      ['an empty one in the subprotocol', { protocols: ['token-'] }],
      ['a bad header before a good query', { token: a, header: 'Bearer rubbish' }],
      ['an empty header before a good query', { token: a, header: 'Bearer' }],
      ['a bad subprotocol before a good query', { token: a, protocols: ['token-rubbish'] }],
      ['two in the subprotocols', { protocols: [`token-${a}`, `token-${c}`] }],
    ])('is invalid: %s', async (_what, options) => {
      expect(await identityOf(options)).toBe('token_invalid');
    });

    it('is invalid twice in the query, even with the same value', async () => {
      const { connect } = await import('../support/ws-client.js');
      const client = await connect(`${app.url}?token=${a}&token=${a}`);
      expect(await client.next()).toEqual(errorOf('token_invalid'));
      expect(await client.whenClosed()).toMatchObject({ code: 4401 });
    });
  });

  describe('the subprotocol', () => {
    const offered = `token-${signToken()}`;

    it.each([
      ['realtime.v1 when it is offered first', ['realtime.v1', offered], 'realtime.v1'],
      ['realtime.v1 when it is offered last, so that the token is not echoed', [offered, 'realtime.v1'], 'realtime.v1'],
      ['the token if it is offered alone, because a browser fails otherwise', [offered], offered],
      ['the token beside an unknown one', ['chat', offered], offered],
      ['realtime.v1 without any token', ['realtime.v1'], 'realtime.v1'],
      ['none if none was offered', [], ''],
    ])('that is selected is %s', async (_what, protocols, picked) => {
      const client = await app.connect({ protocols });
      expect(client.socket.protocol).toBe(picked);
      await client.next('connected');
      client.terminate();
    });

    it('is accepted for a bad token too, so that a browser receives the close reason', async () => {
      const client = await app.connect({ protocols: ['token-rubbish'] });
      expect(client.socket.protocol).toBe('token-rubbish');
      expect(await client.next()).toEqual(errorOf('token_invalid'));
    });
  });
});
