import { RealtimeApp } from '../realtime/support/realtime-app.js';
import { signToken } from '../support/jwt.js';
import { WsClient } from '../support/ws-client.js';
import { askOverHttp1, StreamRefused, StreamSocket, textOf, type StreamOptions } from './support/stream-socket.js';

const EVENT_SOURCE = { accept: 'text/event-stream' };

describe.each(['express', 'fastify'] as const)('a request for a stream (%s)', (http) => {
  let app: RealtimeApp;
  const token = signToken({ sub: 'ann' });
  beforeAll(async () => {
    app = await RealtimeApp.start({ maxConnectionsPerUser: 1, origins: ['https://app.example'] }, { http });
  });
  afterAll(() => app.close());

  const refusalOf = async (options: StreamOptions): Promise<StreamRefused> => {
    const refused: unknown = await StreamSocket.open(app.http, options).catch((error: unknown) => error);
    if (refused instanceof StreamRefused) return refused;
    throw new Error('The stream was not refused', { cause: refused });
  };
  /** Asks as an `EventSource` does, and reads the answer to its end. */
  const asEventSource = async (path: string, headers: Readonly<Record<string, string>> = {}) => {
    const answer = await askOverHttp1(app.http, `/realtime/stream${path}`, { ...EVENT_SOURCE, ...headers });
    return { status: answer.status, text: await textOf(answer) };
  };

  it('with a malformed channel is answered with 400 and the channel', async () => {
    expect(await refusalOf({ token, channels: 'apps:created,no name' })).toMatchObject({
      status: 400,
      body: expect.stringContaining('channels[1]') as string,
    });
  });

  it('for more channels than fit a cursor is answered with 400 and both numbers', async () => {
    const channels = Array.from({ length: 100 }, (_, index) => `apps:with-a-name-${index}`).join(',');
    expect(await refusalOf({ token, channels })).toMatchObject({
      status: 400,
      body: expect.stringMatching(/can have 5\d\d\d bytes, and at most 4096/) as string,
    });
  });

  it('over the limit of a user is 429, and for an EventSource a stream that names the time to reconnect', async () => {
    const first = await StreamSocket.open(app.http, { token });
    const refused = await refusalOf({ token });
    expect([refused.status, refused.headers['retry-after']]).toEqual([429, '30']);
    const { status, text } = await asEventSource(`?token=${token}`);
    expect([status, text]).toEqual([200, expect.stringMatching(/^: .+\n\nretry: \d{5}\n\n$/)]);
    const gone = app.gone('ann');
    first.close();
    await gone;
  });

  it('that an EventSource repeats with a refused token is answered with 204, which ends it', async () => {
    expect((await asEventSource('?token=rubbish')).status).toBe(401);
    expect((await asEventSource('?token=rubbish', { 'last-event-id': 'e-1' })).status).toBe(204);
  });

  it('lets pages of allowed origins read its answers, and no others', async () => {
    const preflight = await fetch(`${app.http}/realtime/stream`, {
      method: 'OPTIONS',
      headers: { origin: 'https://app.example', 'access-control-request-method': 'GET' },
    });
    expect([preflight.status, preflight.headers.get('access-control-allow-origin')]).toEqual([
      204,
      'https://app.example',
    ]);
    expect(preflight.headers.get('access-control-allow-headers')).toContain('last-event-id');
    const refused = await refusalOf({ token: 'rubbish', headers: { origin: 'https://app.example' } });
    expect(refused).toMatchObject({ status: 401, headers: { 'access-control-allow-origin': 'https://app.example' } });
    const foreign = await refusalOf({ token, headers: { origin: 'https://evil.example' } });
    expect([foreign.status, foreign.headers['access-control-allow-origin']]).toEqual([403, undefined]);
  });

  it('with a cursor of channels that the client cannot use, or did not name, receives nothing of them', async () => {
    const { id } = await app.events.emitToUser('bob', 'for bob only');
    const epoch = id.split('-')[0];
    const cursor = `user:bob=${epoch}-0,announcements=${epoch}-0`;
    const stream = await StreamSocket.open(app.http, { token, channels: 'user:bob,apps:created', query: { cursor } });
    const client = new WsClient(stream);
    expect(await client.next('error')).toMatchObject({ code: 'forbidden', channel: 'user:bob' });
    expect(await client.next('subscribed')).toMatchObject({ channel: 'apps:created' });
    await app.events.emitToUser('bob', 'another one');
    await client.ask({ type: 'ping' });
    expect(client.frames.map(({ type }) => type).sort()).toEqual(['connected', 'error', 'pong', 'subscribed']);
    // The position of the client itself stays as it was sent.
    expect(stream.text).toContain(`user:bob=${epoch}-0,`);
    expect(stream.text.replace(`user:bob=${epoch}-0,`, '')).not.toContain(epoch);
    const gone = app.gone('ann');
    client.terminate();
    await gone;
  });

  it('with a token in its URL leaves nothing of it in the log', async () => {
    const wrong = `${token}x`;
    expect((await asEventSource(`?token=${wrong}`)).status).toBe(401);
    const stream = await StreamSocket.open(app.http, { query: { token } });
    const gone = app.gone('ann');
    stream.close();
    await gone;
    expect(app.log.lines.join('\n')).not.toContain(token.split('.')[2]);
  });

  it('with HEAD opens no stream', async () => {
    expect((await fetch(`${app.http}/realtime/stream`, { method: 'HEAD' })).status).toBe(405);
    expect(app.registry.size).toBe(0);
  });
});
