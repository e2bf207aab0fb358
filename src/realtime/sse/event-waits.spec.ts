import { jest } from '@jest/globals';
import { EventEmitter } from 'node:events';
import type { Connection } from '../connections/connection.js';
import { EventWaits } from './event-waits.js';
import type { Exchange } from './stream-client.js';
import type { WaitTransport } from './wait-transport.js';

const CHANNEL = 'apps:created';

/** A response that can end. */
class Response extends EventEmitter {
  readonly headers = new Map<string, unknown>();
  closed = false;
  destroyed = false;
  readonly socket = { destroyed: false };
  setHeader = (name: string, value: unknown): void => void this.headers.set(name, value);
}

describe('a request that waits for an event', () => {
  let response: Response;
  let exchange: Exchange;
  let admission: object;
  let isDraining: boolean;
  let transport: WaitTransport | null;
  let received: string[];
  let ended: number[];
  let connection: Connection;
  let waits: EventWaits;

  const wait = (waitMs = 1_000): Promise<void> => waits.untilEvent(exchange, CHANNEL, 'e-1', waitMs);
  const receive = (frame: object): void => transport!.send(JSON.stringify(frame));
  /** Returns true once a wait has ended. */
  const isOver = async (waiting: Promise<void>): Promise<boolean> => {
    let over = false;
    void waiting.then(() => (over = true));
    for (let turns = 0; turns < 3; turns += 1) await new Promise((resolve) => setImmediate(resolve));
    return over;
  };
  /** Begins a wait. */
  const begun = async (): Promise<[Promise<void>]> => {
    transport = null;
    const waiting = wait();
    while (transport === null) await Promise.resolve();
    return [waiting];
  };

  beforeEach(() => {
    response = new Response();
    exchange = { request: { httpVersionMajor: 1, socket: response.socket }, response } as unknown as Exchange;
    admission = { principal: null, client: { address: '::1' } };
    [isDraining, transport, received, ended] = [false, null, [], []];
    connection = { alive: false } as Connection;
    const connections = {
      open: (opened: WaitTransport) => {
        transport = opened;
        return connection;
      },
      end: (_connection: Connection, code: number) => ended.push(code),
      frames: { message: (_connection: Connection, frame: Buffer) => received.push(String(frame)) },
    };
    const server = {
      connections,
      admit: async () => admission,
      get draining() {
        return isDraining;
      },
    };
    waits = new EventWaits(server as never);
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  it('subscribes from the position of the client', async () => {
    const [waiting] = await begun();
    expect(received.map((frame) => JSON.parse(frame) as unknown)).toEqual([
      { type: 'subscribe', channel: CHANNEL, lastEventId: 'e-1', ref: 'wait' },
    ]);
    receive({ type: 'event', channel: CHANNEL });
    await waiting;
    expect(ended).toEqual([1_005]);
    expect(response.listenerCount('close')).toBe(0);
  });

  it.each([
    ['an event', { type: 'event', channel: CHANNEL }, true],
    ['an event of another channel', { type: 'event', channel: 'apps:deleted' }, false],
    ['a lost continuity', { type: 'resync', channel: CHANNEL }, true],
    ['a lost access', { type: 'unsubscribed', channel: CHANNEL }, true],
    ['a position that is not kept', { type: 'subscribed', channel: CHANNEL, recovered: false }, true],
    ['another channel', { type: 'subscribed', channel: 'apps:deleted', recovered: false }, false],
    ['its subscription', { type: 'subscribed', channel: CHANNEL, recovered: true }, false],
    ['a message for all', { type: 'connected' }, false],
  ])('ends with %s: %j', async (_what, frame, expected) => {
    const [waiting] = await begun();
    receive(frame);
    expect(await isOver(waiting)).toBe(expected);
    response.emit('close');
    await waiting;
  });

  it('ends after its time, without a timer that remains', async () => {
    jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick'] });
    const [waiting] = await begun();
    jest.advanceTimersByTime(999);
    expect(await isOver(waiting)).toBe(false);
    jest.advanceTimersByTime(1);
    expect(await isOver(waiting)).toBe(true);
    const [other] = await begun();
    receive({ type: 'event', channel: CHANNEL });
    await other;
    expect(jest.getTimerCount()).toBe(0);
  });

  it('ends with the code of the server', async () => {
    const [waiting] = await begun();
    transport!.close(1_012);
    await waiting;
    expect(ended).toEqual([1_012]);
  });

  it('keeps its connection alive', async () => {
    const [waiting] = await begun();
    transport!.ping();
    expect(connection.alive).toBe(true);
    response.emit('close');
    await waiting;
  });

  it.each([
    ['forbidden', 403, undefined],
    ['too_many_connections', 429, 30],
    ['rate_limited', 429, 30],
    ['unavailable', 503, 2],
  ])('is refused as %s', async (code, status, retryAfter) => {
    const [waiting] = await begun();
    receive({ type: 'error', code, ref: 'wait' });
    await expect(waiting).rejects.toMatchObject({ status });
    expect(response.headers.get('Retry-After')).toBe(retryAfter);
    expect(ended).toEqual([1_005]);
  });

  it('is refused for the reason of the close that follows', async () => {
    const [waiting] = await begun();
    receive({ type: 'error', code: 'token_expired' });
    expect(await isOver(waiting.catch(() => undefined))).toBe(false);
    transport!.close(4_001);
    await expect(waiting).rejects.toMatchObject({ status: 401 });
  });

  it('is not refused for an error that another part reported before the event', async () => {
    const [waiting] = await begun();
    receive({ type: 'error', code: 'internal' });
    receive({ type: 'event', channel: CHANNEL });
    await expect(waiting).resolves.toBeUndefined();
  });

  it('is refused without a connection, with a time to try again', async () => {
    admission = { status: '503 Service Unavailable', headers: { 'Retry-After': '7' } };
    await expect(wait()).rejects.toMatchObject({ status: 503 });
    expect([response.headers.get('Retry-After'), transport]).toEqual([7, null]);
  });

  it('ends at once if the client has left, or the instance leaves', async () => {
    response.closed = true;
    await wait();
    response.closed = false;
    isDraining = true;
    await wait();
    expect([transport, response.headers.size]).toEqual([null, 0]);
  });
});
