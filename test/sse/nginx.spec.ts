import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { connect, type ClientHttp2Session } from 'node:http2';
import { join } from 'node:path';
import { Nginx } from '../fault/nginx.js';
import { RealtimeApp } from '../realtime/support/realtime-app.js';
import { makeCertificate } from '../support/certificate.js';
import { signToken } from '../support/jwt.js';
import { freePort } from '../support/ports.js';
import { makeTemporaryDirectory, removeDirectory } from '../support/temporary-directory.js';
import { until } from '../support/until.js';
import { connect as connectWebSocket, WsClient } from '../support/ws-client.js';
import { StreamSocket } from './support/stream-socket.js';

/** Browsers open at most six connections to a host over HTTP/1.1. */
const MORE_THAN_SIX = 10;

/** Starts nginx with its defaults: it removes `Upgrade`, buffers responses, and uses HTTP/1.0 towards the instance. */
async function startNginx(app: RealtimeApp, directory: string, holding: number, http2: number): Promise<Nginx> {
  const { key, cert } = await makeCertificate();
  await writeFile(join(directory, 'key.pem'), key);
  await writeFile(join(directory, 'cert.pem'), cert);
  const pass = `location / { proxy_pass ${app.http}; }`;
  return Nginx.serve(
    (port) => `
  server { listen 127.0.0.1:${port}; ${pass} }
  server { listen 127.0.0.1:${holding}; proxy_ignore_headers X-Accel-Buffering; ${pass} }
  server {
    listen 127.0.0.1:${http2} ssl http2;
    ssl_certificate ${directory}/cert.pem;
    ssl_certificate_key ${directory}/key.pem;
    ${pass}
  }`,
  );
}

/** A stream over a session of HTTP/2. */
class Http2Stream {
  private readonly stream;
  private text = '';

  constructor(session: ClientHttp2Session, token: string, channels: string) {
    this.stream = session.request({
      ':path': `/realtime/stream?channels=${channels}`,
      authorization: `Bearer ${token}`,
    });
    this.stream.setEncoding('utf8').on('data', (text: string) => (this.text += text));
  }

  /** Resolves once this text has arrived. */
  async has(text: string): Promise<void> {
    while (!this.text.includes(text)) await once(this.stream, 'data');
  }

  cancel(): void {
    this.stream.close();
  }
}

describe('a stream through nginx', () => {
  const token = signToken({ sub: 'ann' });
  const channels = 'apps:created';
  let app: RealtimeApp;
  let nginx: Nginx;
  let directory: string;
  let holding: number;
  let http2: number;
  const emit = (id: string) => app.events.emit('apps:created', { id, name: 'n' });

  beforeAll(async () => {
    app = await RealtimeApp.start();
    directory = await makeTemporaryDirectory();
    [holding, http2] = [await freePort(), await freePort()];
    nginx = await startNginx(app, directory, holding, http2);
  });
  afterAll(async () => {
    await nginx?.stop();
    await app.close();
    await removeDirectory(directory);
  });

  it('works where WebSockets are refused, and its events arrive at once although nginx buffers', async () => {
    const origin = `http://127.0.0.1:${nginx.port}`;
    await expect(connectWebSocket(`ws://127.0.0.1:${nginx.port}/ws`, { token })).rejects.toThrow(/4\d\d/);
    const client = new WsClient(await StreamSocket.open(origin, { token, channels }));
    await client.next('subscribed');
    for (const id of ['1', '2']) {
      await emit(id);
      expect(await client.next('event')).toMatchObject({ data: { id } });
    }
    expect(await client.ask({ type: 'ping' })).toMatchObject({ type: 'pong' });
    const { cursor } = client.socket;
    client.terminate();
    await until(() => app.registry.size === 0); // nginx ends its connection, too

    await emit('3');
    const headers = { 'last-event-id': cursor };
    const next = new WsClient(await StreamSocket.open(origin, { token, channels, headers }));
    expect(await next.next('subscribed')).toMatchObject({ recovered: true });
    expect(await next.next('event')).toMatchObject({ data: { id: '3' } });
    next.terminate();
  });

  it('is held back until it ends if nginx ignores X-Accel-Buffering', async () => {
    let isOpen = false;
    const opening = StreamSocket.open(`http://127.0.0.1:${holding}`, { token: signToken({ sub: 'held' }), channels });
    void opening.then(() => (isOpen = true));
    await until(() => app.registry.ofUser('held').size === 1);
    const direct = new WsClient(await StreamSocket.open(app.http, { token, channels }));
    await direct.next('subscribed');
    await emit('4');
    await direct.next('event');
    direct.terminate();
    expect(isOpen).toBe(false);
    const [connection] = app.registry.ofUser('held');
    connection!.transport.close(4403, 'the end');
    const held = new WsClient(await opening);
    await held.next('event');
    expect(await held.closed).toMatchObject({ code: 4403, reason: 'the end' });
  });

  it('shares one connection of HTTP/2 with many others', async () => {
    const session = connect(`https://127.0.0.1:${http2}`, { rejectUnauthorized: false });
    const streams = Array.from(
      { length: MORE_THAN_SIX },
      () => new Http2Stream(session, signToken({ sub: 'many' }), channels),
    );
    for (const stream of streams) await stream.has('"type":"subscribed"');
    await emit('5');
    for (const stream of streams) await stream.has('"data":{"id":"5"');
    expect(app.registry.ofUser('many').size).toBe(MORE_THAN_SIX);
    streams[0]!.cancel();
    await until(() => app.registry.ofUser('many').size === MORE_THAN_SIX - 1);
    session.destroy();
    await until(() => app.registry.size === 0);
  });
});
