import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocket, WebSocketServer } from 'ws';
import { BatchJoiner } from './batch-joiner.js';
import { EventBatch, EventFrame } from './event-frame.js';
import { SendBuffer } from './send-buffer.js';
import { frameText } from './frame-bytes.js';
import type { FrameWriter } from './transport.js';
import { allowDirectWrites, releaseInflate, WebSocketTransport } from './web-socket-transport.js';

describe('a prebuilt frame', () => {
  let http: Server;
  let webSockets: WebSocketServer;
  let client: WebSocket;
  let server: WebSocket;
  let received: string[];
  const writerOf = (socket: WebSocket): FrameWriter | null => new WebSocketTransport(socket).frameWriter;

  beforeEach(async () => {
    http = createServer();
    webSockets = new WebSocketServer({ server: http });
    http.listen(0);
    await once(http, 'listening');
    client = new WebSocket(`ws://localhost:${(http.address() as AddressInfo).port}`);
    received = [];
    client.on('message', (data: Buffer) => void received.push(data.toString()));
    [server] = (await once(webSockets, 'connection')) as [WebSocket];
    if (client.readyState !== client.OPEN) await once(client, 'open');
  });
  afterEach(async () => {
    client.terminate();
    webSockets.close();
    http.close();
    await once(http, 'close');
  });

  /** @returns the number of events that were sent */
  function sendBatch(sendBuffer: SendBuffer, frames: readonly EventFrame[], writer: FrameWriter | null): number {
    const batch = new EventBatch(frames);
    sendBuffer.collect(batch);
    sendBuffer.writeCollected(writer, new BatchJoiner());
    return batch.delivered;
  }

  /** Resolves once everything that was written before has arrived. */
  async function fence(): Promise<void> {
    server.send('fence');
    while (received.at(-1) !== 'fence') await once(client, 'message');
    received.pop();
  }

  it.each([0, 1, 125, 126, 65_535, 65_536, 200_000])('of %i bytes arrives unchanged', async (length) => {
    const text = 'x'.repeat(length);
    writerOf(server)!.write(frameText(text).wire);
    await fence();
    expect(received).toEqual([text]);
  });

  it('has a length in bytes, not in characters', async () => {
    const text = '😀'.repeat(40);
    writerOf(server)!.write(frameText(text).wire);
    await fence();
    expect(received).toEqual([text]);
  });

  it('keeps the order with frames that ws sends', async () => {
    const sendBuffer = new SendBuffer(new WebSocketTransport(server), 1_000_000, () => undefined);
    const frames = [1, 2].map((offset) => new EventFrame({ epoch: 'e', offset }, `"n":${offset}}`));
    for (let round = 0; round < 50; round += 1) {
      sendBuffer.send(`before ${round}`);
      expect(sendBatch(sendBuffer, frames, sendBuffer.frameWriter)).toBe(2);
      sendBuffer.send(`after ${round}`);
    }
    await fence();
    const round = (number: number) => [
      `before ${number}`,
      '{"type":"event","id":"e-1","n":1}',
      '{"type":"event","id":"e-2","n":2}',
      `after ${number}`,
    ];
    expect(received).toEqual(Array.from({ length: 50 }, (_, number) => round(number)).flat());
  });

  it('is written with everything else of its turn, in order, and counts as buffered until then', async () => {
    const sendBuffer = new SendBuffer(new WebSocketTransport(server), 1_000_000, () => undefined);
    const held: number[] = [];
    const hold = (): void => void held.push(sendBuffer.bufferedBytes);
    sendBuffer.send('answer');
    hold();
    sendBuffer.sendEvent(new EventFrame(null, '"n":1}'), 't');
    hold();
    sendBatch(sendBuffer, [new EventFrame(null, '"n":2}')], sendBuffer.frameWriter);
    hold();
    sendBuffer.close(4000, 'over');
    hold();
    const [code] = (await once(client, 'close')) as [number];
    expect(received).toEqual(['answer', '{"type":"event","n":1}', '{"type":"event","n":2}']);
    expect(code).toBe(4000);
    expect(held).toEqual([8, 32, 56, 64]);
  });

  it('of a replay is written at the end of its turn', async () => {
    const sendBuffer = new SendBuffer(new WebSocketTransport(server), 1_000_000, () => undefined);
    const held: number[] = [];
    for (let turn = 0; turn < 3; turn += 1) {
      sendBuffer.sendEvent(new EventFrame(null, `"n":${turn}}`), 't');
      held.push(sendBuffer.bufferedBytes);
      await new Promise(setImmediate);
      held.push(sendBuffer.bufferedBytes);
    }
    expect(held).toEqual([24, 0, 24, 0, 24, 0]);
    await fence();
    expect(received).toHaveLength(3);
  });

  it.each(['answers', 'events of a replay', 'collected events'] as const)(
    'does not count as slow reading while it waits for the end of its turn: %s',
    async (kind) => {
      let slow = 0;
      const sendBuffer = new SendBuffer(new WebSocketTransport(server), 1_000, () => (slow += 1));
      const frame = new EventFrame(null, `"n":"${'x'.repeat(500)}"}`);
      for (let n = 0; n < 20; n += 1) {
        if (kind === 'answers') sendBuffer.send('x'.repeat(500));
        else if (kind === 'events of a replay') sendBuffer.sendEvent(frame, 't');
        else {
          new WebSocketTransport(server).joinWrites();
          sendBatch(sendBuffer, [frame], sendBuffer.frameWriter);
        }
        expect(sendBuffer.bufferedBytes).toBeLessThan(2_000);
      }
      await fence();
      expect(slow).toBe(0);
      expect(received).toHaveLength(20);
    },
  );

  it('lets a replay to a client that reads continue in the same turn', async () => {
    const sendBuffer = new SendBuffer(new WebSocketTransport(server), 1_000, () => undefined);
    sendBuffer.send('x'.repeat(500));
    expect(sendBuffer.isBelowReplayLimit).toBe(false);
    let waits = true;
    void sendBuffer.whenBelowReplayLimit({ heldBytes: 0, ended: false }).then(() => (waits = false));
    await Promise.resolve();
    await Promise.resolve();
    expect(waits).toBe(false);
    await fence();
  });

  it('is not written after its connection started to close, even if its writer was looked up before', async () => {
    const sendBuffer = new SendBuffer(new WebSocketTransport(server), 1_000_000, () => undefined);
    const writer = sendBuffer.frameWriter;
    expect(writer).not.toBeNull();
    sendBuffer.close(1000, 'over');
    expect(sendBuffer.frameWriter).toBeNull();
    expect(sendBatch(sendBuffer, [new EventFrame(null, '"n":1}')], writer)).toBe(0);
    await once(client, 'close');
    expect(received).toEqual([]);
  });

  it('is not written while the sender of ws holds back a frame', async () => {
    // A fragment of a message was sent, so no other frame can follow yet.
    server.send('frag', { fin: false });
    expect(writerOf(server)).toBeNull();
    server.send('ment');
    await fence();
    expect(received).toEqual(['fragment']);
    expect(writerOf(server)).not.toBeNull();
  });

  it('is sent through ws if the internals of ws are not as expected', async () => {
    const sender = (server as unknown as { _sender: { _state: unknown } })._sender;
    const state = sender._state;
    sender._state = 'something new';
    expect(writerOf(server)).toBeNull();
    sender._state = state;
    const sendBuffer = new SendBuffer(new WebSocketTransport(server), 1_000, () => undefined);
    const frames = [1, 2].map((offset) => new EventFrame(null, `"n":${offset}}`));
    expect(sendBatch(sendBuffer, frames, null)).toBe(2);
    await fence();
    expect(received).toEqual(['{"type":"event","n":1}', '{"type":"event","n":2}']);
  });
});

describe('the internals of ws', () => {
  const transportOf = (internals: object): WebSocketTransport => new WebSocketTransport(internals as WebSocket);

  it.each([
    [undefined, 'wire'],
    [{ 'permessage-deflate': { params: { server_no_context_takeover: true } } }, 'deflated'],
    [{ 'permessage-deflate': { params: {} } }, 'wire'],
    [{ 'permessage-deflate': { params: { server_no_context_takeover: true, server_max_window_bits: 9 } } }, 'wire'],
  ])('show if a client reads frames that were compressed for all: %j', (_extensions, form) => {
    expect(transportOf({ _extensions }).sharedForm).toBe(form);
  });

  it.each([
    ['no receiver', undefined, false],
    ['nothing', { _fragmented: 0, _state: 0, _bufferedBytes: 0 }, false],
    ['a fragment', { _fragmented: 1, _state: 0, _bufferedBytes: 0 }, true],
    ['a part of a head', { _fragmented: 0, _state: 0, _bufferedBytes: 1 }, true],
    ['a part of a payload', { _fragmented: 0, _state: 4, _bufferedBytes: 0 }, true],
  ])('show if a message is incomplete: %s', (_what, _receiver, isPartial) => {
    expect(transportOf({ _receiver }).hasPartialMessage).toBe(isPartial);
  });

  const socket = { writable: true };
  const idle = { _state: 0, _firstFragment: true, _queue: [] };
  it.each<[string, object | undefined, object | undefined, number, boolean]>([
    ['an idle sender', socket, idle, 1, true],
    ['no socket', undefined, idle, 1, false],
    ['no sender', socket, undefined, 1, false],
    ['a closing connection', socket, idle, 2, false],
    ['a sender that compresses', socket, { ...idle, _state: 1 }, 1, false],
    ['a fragment that was sent', socket, { ...idle, _firstFragment: false }, 1, false],
    ['a frame that waits', socket, { ...idle, _queue: [1] }, 1, false],
    ['a sender without a queue', socket, { ...idle, _queue: undefined }, 1, false],
    ['a socket that has ended', { writable: false }, idle, 1, false],
  ])(
    'allow direct writes only to an open connection with nothing under way: %s',
    (_what, _socket, _sender, readyState, allows) => {
      expect(transportOf({ _socket, _sender, readyState, OPEN: 1 }).frameWriter).toBe(allows ? _socket : null);
    },
  );

  it('never compress per connection, and send text also from bytes', () => {
    const options: unknown[] = [];
    transportOf({ send: (_frame: unknown, given: unknown) => options.push(given) }).send(
      Buffer.alloc(1),
      () => undefined,
    );
    expect(options).toEqual([{ binary: false, compress: false }]);
  });

  it('release the decompressor of the last message', () => {
    let closed = 0;
    const deflate: { _inflate: object | null } = { _inflate: { close: () => (closed += 1) } };
    const webSocket = { _extensions: { 'permessage-deflate': deflate } } as unknown as WebSocket;
    releaseInflate(webSocket);
    releaseInflate(webSocket);
    releaseInflate({} as WebSocket);
    expect([closed, deflate._inflate]).toEqual([1, null]);
  });

  it.each([
    ['once per turn', { writableCorked: 0 }, true],
    ['not while something else joins them', { writableCorked: 1 }, false],
    ['not without a socket', undefined, false],
  ])('join the writes of a turn: %s', async (_what, state, corks) => {
    const calls: string[] = [];
    const _socket = state && { ...state, cork: () => calls.push('cork'), uncork: () => calls.push('uncork') };
    transportOf({ _socket }).joinWrites();
    expect(calls).toEqual(corks ? ['cork'] : []);
    await new Promise(setImmediate);
    expect(calls).toEqual(corks ? ['cork', 'uncork'] : []);
  });

  it('do not join writes in the fallback', () => {
    let calls = 0;
    const cork = (): void => void (calls += 1);
    allowDirectWrites(false);
    transportOf({ _socket: { writableCorked: 0, cork, uncork: cork } }).joinWrites();
    allowDirectWrites(true);
    transportOf({}).writeJoined();
    expect(calls).toBe(0);
  });
});
