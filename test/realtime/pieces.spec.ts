import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { until } from '../support/until.js';
import { PING, PONG, RawWebSocket, TEXT, CONTINUATION, encodeFrame } from './support/raw-web-socket.js';
import { RealtimeApp, type TestOptions } from './support/realtime-app.js';

/** So long that a client of a busy machine answers in time. */
const HEARTBEAT_MS = 1_000;

describe('fragmented messages, and frames between fragments', () => {
  let app: RealtimeApp;
  let client: RawWebSocket;

  let accepted: Socket;

  const start = async (options: TestOptions = {}): Promise<void> => {
    app = await RealtimeApp.start(options);
    (app.app.getHttpServer() as Server).once('connection', (socket) => (accepted = socket));
    client = await RawWebSocket.connect(app.port);
    await client.until('connected');
  };
  afterEach(async () => {
    client.tcp.destroy();
    await app.close();
  });

  it('are limited by the option, and one more fragment closes with 1008', async () => {
    await start({ maxFragments: 10 });
    const send = (pieces: number): void => {
      client.send(TEXT, '{"type":"ping"', { fin: false });
      for (let count = 2; count < pieces; count += 1) client.send(CONTINUATION, ' ', { fin: false });
      client.send(CONTINUATION, '}');
    };
    send(10);
    await client.until('pong');
    expect(client.closeCode).toBeUndefined();
    send(11);
    await client.tcp.untilClosed();
    expect(client.closeCode).toBe(1008);
  });

  it('of endless empty fragments close with 1008 too', async () => {
    await start();
    client.send(TEXT, '', { fin: false });
    for (let count = 0; count < 200; count += 1) client.send(CONTINUATION, '', { fin: false });
    await client.tcp.untilClosed();
    expect(client.closeCode).toBe(1008);
  });

  it('that are never completed close with 1008 after two heartbeats, despite signs of life', async () => {
    await start({ heartbeatIntervalMs: HEARTBEAT_MS });
    client.send(TEXT, '{"type":', { fin: false });
    const since = performance.now();
    const signs = setInterval(() => client.send(PONG), 20);
    await client.tcp.untilClosed();
    clearInterval(signs);
    expect(client.closeCode).toBe(1008);
    expect(performance.now() - since).toBeGreaterThan(HEARTBEAT_MS);
  });

  it('that are slow but complete in time are accepted, indefinitely', async () => {
    await start({ heartbeatIntervalMs: HEARTBEAT_MS, framesPerSecond: 1_000 });
    // Every heartbeat finds an incomplete message, but never the same one.
    let beats = 0;
    while (beats < 3) {
      client.send(TEXT, '{"type":"ping"', { fin: false });
      await new Promise((resolve) => void setTimeout(resolve, 20));
      client.send(CONTINUATION, '}');
      const pings = client.frames.filter(({ opcode }) => opcode === PING).length;
      for (; beats < pings; beats += 1) client.send(PONG);
    }
    expect(client.closeCode).toBeUndefined();
  });

  it('that arrive byte by byte use no more memory than their size: 1008', async () => {
    await start({ maxFrameBytes: 1_024 });
    // Each byte is sent after the previous one was read, so that no two arrive together.
    const reading = accepted;
    for (const byte of encodeFrame(TEXT, 'x'.repeat(1_000))) {
      if (reading.destroyed || client.closeCode !== undefined) break;
      const before = reading.bytesRead;
      client.tcp.send(Uint8Array.of(byte));
      await until(() => reading.bytesRead > before || reading.destroyed);
    }
    await client.tcp.untilClosed();
    expect(client.closeCode).toBe(1008);
  });

  it('pings count as frames: those over the rate get rate_limited instead of a pong, then 4503 follows', async () => {
    await start({ framesPerSecond: 5 });
    for (let count = 0; count < 40; count += 1) client.send(PING, `p${count}`);
    await client.tcp.untilClosed();
    const pongs = client.frames.filter(({ opcode }) => opcode === PONG).length;
    expect(pongs).toBeGreaterThanOrEqual(10);
    expect(pongs).toBeLessThan(13);
    expect(client.messages.filter(({ code }) => code === 'rate_limited')).toHaveLength(10);
    expect(client.closeCode).toBe(4503);
  });

  it('pongs count as frames', async () => {
    await start({ framesPerSecond: 5 });
    for (let count = 0; count < 40; count += 1) client.send(PONG);
    await client.tcp.untilClosed();
    expect(client.messages.filter(({ code }) => code === 'rate_limited')).toHaveLength(10);
    expect(client.closeCode).toBe(4503);
  });
});
