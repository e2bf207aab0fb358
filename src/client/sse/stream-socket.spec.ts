import { jest } from '@jest/globals';
import { StreamSocket, type StreamOptions } from './stream-socket.js';
import type { Fetch, FetchResponse } from './fetch.js';
import type { SocketArguments } from './stream-target.js';

interface Ended {
  readonly code: number;
  readonly reason: string;
  readonly status?: number;
  readonly retryInMs?: number;
}

const CONNECTED = '{"type":"connected","connectionId":"c 1","heartbeatMs":1000,"timestamp":"2026-11-30T00:00:00.000Z"}';

const EVENT_STREAM = { 'content-type': 'text/event-stream; charset=utf-8' };

/** A stream whose requests a test answers. */
class Wire {
  readonly requests: {
    readonly url: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly body?: string;
  }[] = [];
  readonly received: unknown[] = [];
  readonly ended: Promise<Ended>;
  readonly socket: StreamSocket;
  /** Answers of the next POSTs. @default 202 */
  readonly answers: (() => Promise<FetchResponse>)[] = [];
  #push!: (chunk: { done: boolean; value?: Uint8Array }) => void;
  readonly #chunks: Promise<{ done: boolean; value?: Uint8Array }>[] = [];

  constructor(
    first: () => Promise<FetchResponse> = () => Promise.resolve(this.stream()),
    given: SocketArguments = ['ws://host/ws'],
    options: Partial<StreamOptions> = {},
  ) {
    const fetch: Fetch = async (url, { method, headers, body }) => {
      this.requests.push({ url, headers, ...(body !== undefined && { body }) });
      if (method !== 'POST') return first();
      const answer = this.answers.shift();
      return answer === undefined ? response(202) : answer();
    };
    this.#next();
    this.socket = new StreamSocket(given, { url: undefined, fetch, timeoutMs: 10_000, ...options });
    this.socket.isAnonymous = true;
    this.socket.onmessage = ({ data }: { data: string }) => void this.received.push(JSON.parse(data));
    this.ended = new Promise((resolve) => (this.socket.onclose = resolve as never));
  }

  stream(): FetchResponse {
    return { ...response(200, '', EVENT_STREAM), body: { getReader: () => ({ read: () => this.#chunks.shift()! }) } };
  }

  async push(text: string): Promise<void> {
    const push = this.#push;
    this.#next();
    push({ done: false, value: new TextEncoder().encode(text) });
    await settle();
  }

  end(): void {
    this.#push({ done: true });
  }

  #next(): void {
    this.#chunks.push(new Promise((resolve) => (this.#push = resolve)));
  }
}

function response(status: number, text = '', headers: Readonly<Record<string, string>> = {}): FetchResponse {
  return {
    ok: status < 300,
    status,
    headers: { get: (name) => headers[name] ?? null },
    text: () => Promise.resolve(text),
  };
}

async function settle(): Promise<void> {
  for (let step = 0; step < 30; step += 1) await Promise.resolve();
}

describe('a stream as a socket', () => {
  it('has the address of the WebSocket with another path, and its query', async () => {
    const urls: string[] = [];
    for (const [url, given] of [
      ['ws://host/ws', undefined],
      ['wss://host:8443/api/ws?tenant=acme', undefined],
      ['wss://host/ws', '/live/stream'],
      ['wss://host/ws?tenant=acme', 'https://other.example/stream?a=b'],
    ] as const) {
      const { requests, socket } = new Wire(undefined, [url], { url: given });
      await settle();
      socket.close();
      urls.push(requests[0]!.url);
    }
    expect(urls).toEqual([
      'http://host/realtime/stream',
      'https://host:8443/api/realtime/stream?tenant=acme',
      'https://host/live/stream',
      'https://other.example/stream?a=b&tenant=acme',
    ]);
  });

  it.each<[string, string, SocketArguments]>([
    ['in the query', 'abc', ['ws://host/ws?token=abc']],
    ['of a guest', 'guest-1', ['ws://host/ws?ticket=guest-1']],
    ['in a subprotocol', 'abc', ['ws://host/ws', ['realtime.v1', 'token-abc']]],
    ['in a header', 'abc', ['ws://host/ws', [], { headers: { Authorization: 'Bearer abc' } }]],
  ])('sends a token %s as a header', async (_, token, given) => {
    const { requests, socket } = new Wire(undefined, given);
    socket.isAnonymous = false;
    await settle();
    socket.close();
    expect(requests).toMatchObject([
      { url: 'http://host/realtime/stream', headers: { Authorization: `Bearer ${token}` } },
    ]);
  });

  it('passes on frames, and ends with the code of the server', async () => {
    const wire = new Wire();
    const { received, ended } = wire;
    await settle();
    await wire.push(`data: ${CONNECTED}\n\n`);
    await wire.push('data: {"type":"event"}\n\nid: x-1\n\n');
    await wire.push('retry: 1500\n\ndata: {"type":"reconnect","afterMs":9}\n\n');
    await wire.push('data: {"type":"closed","code":1012,"reason":"restarting"}\n\n');
    expect(received).toMatchObject([
      { type: 'connected', transport: 'sse', heartbeatMs: 2_500 },
      { type: 'event' },
      { type: 'reconnect', afterMs: 9 },
    ]);
    expect(await ended).toMatchObject({ code: 1012, reason: 'restarting' });
  });

  it('reports a comment as a sign of life, once it is connected', async () => {
    const wire = new Wire();
    const { received, socket } = wire;
    await settle();
    await wire.push(':\n\n');
    await wire.push(`data: ${CONNECTED}\n\n:\n\n`);
    expect(received).toMatchObject([{ type: 'connected' }, { type: 'pong' }]);
    socket.close();
  });

  it('passes on no frame after it was closed, also of the same chunk', async () => {
    const wire = new Wire();
    const { received, socket } = wire;
    await settle();
    socket.onmessage = ({ data }: { data: string }) => {
      received.push(JSON.parse(data));
      socket.close();
    };
    await wire.push(`data: ${CONNECTED}\n\ndata: {"type":"event"}\n\n`);
    expect(received).toHaveLength(1);
  });

  it.each<[string, () => Promise<FetchResponse>, Partial<Ended>]>([
    [
      'the network fails',
      () => Promise.reject(new TypeError('fetch failed')),
      { code: 1006, reason: 'TypeError: fetch failed' },
    ],
    [
      'the answer is a page',
      () => Promise.resolve(response(200, '<html>', { 'content-type': 'text/html' })),
      { status: 404 },
    ],
    [
      'fetch does not stream',
      () => Promise.resolve(response(200, '', EVENT_STREAM)),
      { code: 1006, reason: expect.stringContaining('sse({ fetch })') as string },
    ],
    [
      'the server is busy',
      () => Promise.resolve(response(503, '', { 'retry-after': '7' })),
      { status: 503, retryInMs: expect.any(Number) as number, reason: 'HTTP 503' },
    ],
    [
      'the server refuses',
      () => Promise.resolve(response(404, '{"message":"No stream here"}')),
      { status: 404, reason: 'No stream here' },
    ],
  ])('ends if %s', async (_, first, how) => {
    expect(await new Wire(first).ended).toMatchObject({ code: 1006, ...how });
  });

  it('ends if the server ends the response without a reason', async () => {
    const wire = new Wire();
    await settle();
    wire.end();
    expect(await wire.ended).toMatchObject({ code: 1006, reason: 'the stream ended' });
  });

  it('answers the token that was sent in band with the reason of the refusal', async () => {
    const wire = new Wire(() => Promise.resolve(response(401, '{"code":"token_expired","message":"expired"}')));
    wire.socket.isAnonymous = false;
    wire.socket.onopen = () => wire.socket.send('{"type":"auth","token":"old","ref":"r1"}');
    expect(await wire.ended).toMatchObject({ status: 401 });
    expect(wire.received).toMatchObject([{ type: 'error', code: 'token_expired', ref: 'r1' }]);
    expect(wire.requests[0]!.headers['Authorization']).toBe('Bearer old');
  });

  describe('posts frames', () => {
    async function connected(): Promise<Wire> {
      const wire = new Wire();
      await settle();
      await wire.push(`data: ${CONNECTED}\n\n`);
      return wire;
    }
    const bodies = ({ requests }: Wire): unknown[] => requests.slice(1).map(({ body }) => JSON.parse(body!) as unknown);
    const frame = (ref: number): string => JSON.stringify({ type: 'ping', ref });
    const frames = (from: number, to: number): unknown[] =>
      Array.from({ length: to - from }, (_, index) => ({ type: 'ping', ref: from + index }));

    it('of one step in one request, to the address of the connection', async () => {
      const wire = await connected();
      wire.socket.send(frame(0));
      wire.socket.send(frame(1));
      await settle();
      expect(wire.requests[1]!.url).toBe('http://host/realtime/stream/c%201/frames');
      expect(bodies(wire)).toEqual([frames(0, 2)]);
      wire.socket.close();
    });

    it('in order: the next request starts after the answer, with at most sixteen frames', async () => {
      const wire = await connected();
      let answer!: (response: FetchResponse) => void;
      wire.answers.push(() => new Promise((resolve) => (answer = resolve)));
      wire.socket.send(frame(0));
      await settle();
      for (let ref = 1; ref < 20; ref += 1) wire.socket.send(frame(ref));
      await settle();
      expect(bodies(wire)).toEqual([{ type: 'ping', ref: 0 }]);
      answer(response(202));
      await settle();
      expect(bodies(wire).slice(1)).toEqual([frames(1, 17), frames(17, 20)]);
      wire.socket.close();
    });

    it('at any moment after the last answer', async () => {
      for (let steps = 0; steps < 20; steps += 1) {
        const wire = await connected();
        let answer!: (response: FetchResponse) => void;
        wire.answers.push(() => new Promise((resolve) => (answer = resolve)));
        wire.socket.send(frame(0));
        await settle();
        answer(response(202));
        for (let step = 0; step < steps; step += 1) await Promise.resolve();
        wire.socket.send(frame(1));
        await settle();
        expect([steps, ...bodies(wire)]).toEqual([steps, ...frames(0, 2)]);
        wire.socket.close();
      }
    });

    it('that were sent before it was connected', async () => {
      const wire = new Wire();
      await settle();
      wire.socket.send(frame(0));
      await settle();
      await wire.push(`data: ${CONNECTED}\n\n`);
      expect(bodies(wire)).toEqual([{ type: 'ping', ref: 0 }]);
      wire.socket.close();
    });

    it('again after a wait if the server is busy', async () => {
      jest.useFakeTimers();
      const wire = await connected();
      wire.answers.push(() => Promise.resolve(response(429, '', { 'retry-after': '2' })));
      wire.socket.send(frame(0));
      await settle();
      wire.socket.send(frame(1));
      await jest.advanceTimersByTimeAsync(1_999);
      expect(bodies(wire)).toHaveLength(1);
      await jest.advanceTimersByTimeAsync(1_001);
      expect(bodies(wire).slice(1)).toEqual([frames(0, 2)]);
      wire.answers.push(() => Promise.resolve(response(429)));
      wire.socket.send(frame(2));
      await settle();
      wire.socket.close();
      expect(jest.getTimerCount()).toBe(0);
      jest.useRealTimers();
    });

    it.each<[string, () => Promise<FetchResponse>, string, number?]>([
      ['the connection is unknown', () => Promise.resolve(response(404)), 'frames are refused with HTTP 404'],
      ['the server may have taken them', () => Promise.resolve(response(503)), 'frames are refused with HTTP 503'],
      ['a frame is too large', () => Promise.resolve(response(413)), 'frames are refused with HTTP 413', 1009],
      ['the network fails', () => Promise.reject(new TypeError('fetch failed')), 'fetch failed'],
    ])('and ends if %s, because frames may be lost', async (_, answer, reason, code = 1006) => {
      const wire = await connected();
      wire.answers.push(answer);
      wire.socket.send(frame(0));
      expect(await wire.ended).toMatchObject({ code, reason: expect.stringContaining(reason) as string });
    });
  });
});
