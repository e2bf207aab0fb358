import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { constants, deflateRawSync, inflateRawSync } from 'node:zlib';
import { WebSocket } from 'ws';
import {
  COMPRESS_FROM_BYTES,
  COMPRESS_UP_TO_BYTES,
  frameDeflated,
} from '../../src/realtime/connections/frame-bytes.js';
import { allowDirectWrites } from '../../src/realtime/connections/web-socket-transport.js';
import { webSocketOf } from '../support/web-socket-of.js';
import { signToken } from '../support/jwt.js';
import { WsClient } from '../support/ws-client.js';
import { decodeFrames, encodeFrame, RawWebSocket, TEXT } from './support/raw-web-socket.js';
import { RealtimeApp } from './support/realtime-app.js';

const CHANNEL = 'apps:created';
const EXTENSIONS = 'Sec-WebSocket-Extensions';
const LARGE = 'it is the same text again and again, '.repeat(200);
const OFFER = { [EXTENSIONS]: 'permessage-deflate; client_max_window_bits' };
/** The end of a flush, which permessage-deflate omits on the wire. */
const TAIL = Buffer.from([0, 0, 255, 255]);

/** RSV1 is a bit of the first byte, like the opcode. */
const isCompressed = (bytes: Buffer): boolean => (bytes[0]! & 0x40) !== 0;

function deflated(text: string): Buffer {
  return deflateRawSync(text, { finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, -4);
}

/** A text frame of a client with RSV1 set. */
function compressedFrame(payload: Buffer): Buffer {
  const frame = encodeFrame(TEXT, payload);
  frame[0]! |= 0x40;
  return frame;
}

describe('compression', () => {
  let app: RealtimeApp;

  beforeAll(async () => {
    app = await RealtimeApp.start({
      compression: true,
      maxFrameBytes: 65_536,
      channels: Array.from({ length: 50 }, (_, index) => ({ name: `apps:further-${index}` })),
    });
  });
  afterAll(() => app.close());
  afterEach(() => allowDirectWrites(true));

  async function raw(extensions?: string): Promise<{ client: RawWebSocket; answered: string | undefined }> {
    const headers = {
      Authorization: `Bearer ${signToken({})}`,
      ...(extensions === undefined ? {} : { [EXTENSIONS]: extensions }),
    };
    const client = await RawWebSocket.connect(app.port, { headers });
    const answered = /sec-websocket-extensions: (.*)\r\n/i.exec(client.tcp.text)?.[1];
    return { client, answered };
  }

  /** The frames on the wire, with their first bytes. */
  function onTheWire({ tcp }: RawWebSocket): { compressed: boolean; text: string }[] {
    let rest = tcp.bytes.subarray(tcp.bytes.indexOf('\r\n\r\n') + 4);
    const seen: { compressed: boolean; text: string }[] = [];
    for (let [frame] = decodeFrames(rest); frame !== undefined; [frame] = decodeFrames(rest)) {
      const compressed = isCompressed(rest);
      const payload = compressed
        ? inflateRawSync(Buffer.concat([frame.payload, TAIL]), { finishFlush: constants.Z_SYNC_FLUSH })
        : frame.payload;
      seen.push({ compressed, text: payload.toString() });
      rest = rest.subarray(frame.payload.byteOffset + frame.payload.length - rest.byteOffset);
    }
    return seen;
  }

  async function subscribed(client: RawWebSocket): Promise<void> {
    client.sendJson({ type: 'subscribe', channel: CHANNEL });
    await client.until('"subscribed"');
  }

  /** Resolves once everything sent before has arrived. */
  async function fence(client: RawWebSocket, ref: string): Promise<void> {
    client.sendJson({ type: 'ping', ref });
    await client.until(`"${ref}"`);
  }

  it.each([
    ['permessage-deflate', 'permessage-deflate; server_no_context_takeover; client_no_context_takeover'],
    [
      'permessage-deflate; client_max_window_bits, permessage-deflate',
      'permessage-deflate; server_no_context_takeover; client_no_context_takeover',
    ],
    [
      'permessage-deflate; server_max_window_bits=10',
      'permessage-deflate; server_max_window_bits=10; server_no_context_takeover; client_no_context_takeover',
    ],
    ['x-webkit-deflate-frame', undefined],
    [undefined, undefined],
  ])('is negotiated without context takeover: %s', async (offered, expected) => {
    const { client, answered } = await raw(offered);
    expect(answered).toBe(expected);
    client.tcp.destroy();
  });

  it('sends identical bytes to all clients with the extension, and uncompressed ones to others', async () => {
    const offers = ['permessage-deflate', OFFER[EXTENSIONS], 'permessage-deflate; server_max_window_bits=9', undefined];
    const clients = await Promise.all(offers.map(async (offer) => (await raw(offer)).client));
    for (const client of clients) await subscribed(client);
    await app.events.publish(CHANNEL, { text: LARGE });
    await app.events.publish(CHANNEL, { text: 'small' });
    for (const client of clients) await fence(client, 'all-read');
    const events = clients.map((client) => onTheWire(client).filter(({ text }) => text.includes('"event"')));
    expect(events.map((own) => own.map(({ compressed }) => compressed))).toEqual([
      [true, false],
      [true, false],
      [false, false],
      [false, false],
    ]);
    expect(new Set(events.map((own) => JSON.stringify(own.map(({ text }) => text)))).size).toBe(1);
    const bytes = clients.map(({ tcp }) => tcp.bytes.subarray(tcp.bytes.indexOf('"subscribed"')).length);
    expect(bytes[0]).toBeLessThan(bytes[3]! / 10);
    for (const client of clients) client.tcp.destroy();
  });

  it('omits the end of a flush, and compresses only what becomes smaller', () => {
    const frame = frameDeflated(Buffer.from(LARGE))!;
    expect(frame.subarray(-4).equals(TAIL)).toBe(false);
    expect(frameDeflated(randomBytes(2_000))).toBeNull();
    expect(frameDeflated(Buffer.alloc(COMPRESS_FROM_BYTES - 1))).toBeNull();
    expect(frameDeflated(Buffer.alloc(COMPRESS_FROM_BYTES))).not.toBeNull();
    expect(frameDeflated(Buffer.alloc(COMPRESS_UP_TO_BYTES + 1))).toBeNull();
  });

  it('never compresses a reply', async () => {
    const { client } = await raw('permessage-deflate');
    client.sendJson({ type: 'list_channels' });
    await fence(client, 'all-read');
    const answers = onTheWire(client);
    expect(Math.max(...answers.map(({ text }) => text.length))).toBeGreaterThan(COMPRESS_FROM_BYTES);
    expect(answers.filter(({ compressed }) => compressed)).toEqual([]);
    client.tcp.destroy();
  });

  describe.each(['the fast path', 'the fallback'])('with a client of ws, by %s', (path) => {
    beforeEach(() => allowDirectWrites(path === 'the fast path'));

    it.each([true, false])('keeps the order of large and small events and replies (offered: %s)', async (offered) => {
      const client = await open(offered);
      expect(client.socket.extensions).toBe(offered ? 'permessage-deflate' : '');
      await client.next('connected');
      await client.ask({ type: 'subscribe', channel: CHANNEL });
      const expected: string[] = [];
      for (let round = 0; round < 20; round += 1) {
        await app.events.publish(CHANNEL, { n: `small ${round}` });
        void app.events.publish(CHANNEL, { n: `large ${round}`, LARGE });
        void app.events.publish(CHANNEL, { n: `with it ${round}` });
        expected.push(`small ${round}`, `large ${round}`, `with it ${round}`);
        await client.ask({ type: 'ping' });
      }
      const seen = client.frames.flatMap((frame) => (frame.type === 'event' ? [(frame.data as { n: string }).n] : []));
      expect(seen).toEqual(expected);
      await client.close();
    });

    it('replays, then continues live', async () => {
      const { id } = await app.events.publish(CHANNEL, { text: 'before' });
      for (let n = 0; n < 5; n += 1) await app.events.publish(CHANNEL, { n, LARGE });
      const client = await open(true);
      await client.next('connected');
      const answer = await client.ask({ type: 'subscribe', channel: CHANNEL, lastEventId: id });
      expect(answer).toMatchObject({ recovered: true });
      for (let n = 0; n < 5; n += 1) expect((await client.next('event')).data).toEqual({ n, LARGE });
      await app.events.publish(CHANNEL, { n: 5, LARGE });
      expect((await client.next('event')).data).toEqual({ n: 5, LARGE });
      await client.close();
    });
  });

  async function open(offered: boolean): Promise<WsClient> {
    return WsClient.connect(app.url, { token: signToken({}), perMessageDeflate: offered });
  }

  describe('of client messages', () => {
    it('is decompressed every time, without context takeover', async () => {
      const { client } = await raw('permessage-deflate');
      for (let n = 0; n < 3; n += 1) {
        client.tcp.send(compressedFrame(deflated(JSON.stringify({ type: 'ping', ref: `packed-${n}` }))));
        await client.until(`"packed-${n}"`);
      }
      const [webSocket] = [...app.registry.all()].map(webSocketOf).filter(({ extensions }) => extensions !== '');
      const { _extensions: extensions } = webSocket as unknown as { _extensions: object };
      expect(extensions).toMatchObject({ 'permessage-deflate': { _inflate: null } });
      client.tcp.destroy();
    });

    it('is bounded: a frame that decompresses beyond the limit is refused with 1009, at any compressed size', async () => {
      const { client } = await raw('permessage-deflate');
      const bomb = deflateRawSync(Buffer.alloc(32 * 1_048_576, 32), { finishFlush: constants.Z_SYNC_FLUSH });
      expect(bomb.length).toBeLessThan(65_536);
      const before = process.memoryUsage().arrayBuffers;
      client.tcp.send(compressedFrame(bomb.subarray(0, -4)));
      await client.tcp.untilClosed();
      expect(client.closeCode).toBe(1009);
      expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(8 * 1_048_576);
    });

    it('closes with 1007 if it cannot be decompressed', async () => {
      const { client } = await raw('permessage-deflate');
      client.tcp.send(compressedFrame(Buffer.from([0xff, 0xff, 0xff, 0xff])));
      await client.tcp.untilClosed();
      expect(client.closeCode).toBe(1007);
    });
  });

  it('is off by default: the server accepts no extension', async () => {
    const plain = await RealtimeApp.start();
    const socket = new WebSocket(plain.url, { perMessageDeflate: true });
    await once(socket, 'open');
    expect(socket.extensions).toBe('');
    socket.terminate();
    await plain.close();
  });
});
