import type { WebSocket } from 'ws';
import type { Decoded } from '../../protocol/index.js';
import { Connection } from '../connections/connection.js';
import { Counters } from '../observability/counters.js';
import { FrameQueue } from './frame-queue.js';

const LIMITS = { maxBufferedBytes: 1_000_000, framesPerSecond: 100, heartbeatIntervalMs: 25_000 };
const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

/** The part of a socket that a connection and its queue use. */
class FakeSocket {
  readonly OPEN = 1;
  readyState = 1;
  bufferedAmount = 0;
  isPaused = false;
  isTerminated = false;
  readonly sent: string[] = [];
  readonly closes: unknown[][] = [];

  send(data: unknown): void {
    this.sent.push(String(data));
  }

  close(...args: unknown[]): void {
    this.closes.push(args);
  }

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
  }

  terminate(): void {
    this.isTerminated = true;
  }
}

describe('FrameQueue', () => {
  let socket: FakeSocket;
  let connection: Connection;
  let handled: string[];
  let answers: { resolve(): void; reject(error: Error): void }[];
  let queue: FrameQueue;

  beforeEach(() => {
    socket = new FakeSocket();
    [handled, answers] = [[], []];
    connection = new Connection(
      ...([socket as unknown as WebSocket, '192.0.2.1', null, LIMITS, () => undefined, new Counters(), 0] as const),
    );
    queue = new FrameQueue((_connection, frame) => {
      handled.push(frame.request!.ref!);
      return new Promise((resolve, reject) => void answers.push({ resolve, reject }));
    }, 1_000);
  });

  const frame = (ref: string): Decoded => ({ request: { type: 'ping', ref } }) as unknown as Decoded;
  const add = (ref: string, bytes = 1): void => queue.add(connection, frame(ref), bytes);

  it('handles frames one after the other', async () => {
    for (const ref of ['1', '2', '3']) add(ref);
    expect(handled).toEqual(['1']);
    answers.at(0)!.resolve();
    await turn();
    expect(handled).toEqual(['1', '2']);
    answers.at(1)!.resolve();
    await turn();
    answers.at(2)!.resolve();
    await turn();
    expect([connection.busy, connection.waitingBytes]).toEqual([false, 0]);
  });

  it('answers a failed frame with an error, and continues', async () => {
    for (const ref of ['1', '2']) add(ref);
    answers.at(0)!.reject(new Error('bug'));
    await turn();
    expect(handled).toEqual(['1', '2']);
    expect(JSON.parse(socket.sent.at(0)!)).toMatchObject({ type: 'error', code: 'internal', ref: '1' });
  });

  it('handles no frame after the server closed the connection, whether it waits or arrives later', async () => {
    for (const ref of ['1', '2', '3']) add(ref);
    connection.close('accessRevoked', 'ops');
    answers.at(0)!.resolve();
    await turn();
    add('4');
    await turn();
    expect(handled).toEqual(['1']);
    expect([connection.waiting, connection.waitingBytes, connection.busy]).toEqual([[], 0, false]);
  });

  it('pauses the socket while too many frames or bytes wait, until half of them are handled', async () => {
    add('0');
    for (let number = 1; number < 256; number += 1) add(String(number));
    expect(socket.isPaused).toBe(false);
    add('256');
    expect(socket.isPaused).toBe(true);
    for (let number = 0; number < 256; number += 1) {
      answers.at(number)!.resolve();
      await turn();
      // The next frame is being handled now, so it does not wait.
      expect(socket.isPaused).toBe(256 - (number + 1) >= 128);
    }
    answers.at(256)!.resolve();
    await turn();
    add('large', 2);
    add('larger', 1_000);
    expect(socket.isPaused).toBe(true);
  });
});

describe('Connection.close', () => {
  it('closes once, with the first reason', () => {
    const socket = new FakeSocket();
    const connection = new Connection(
      ...([socket as unknown as WebSocket, '192.0.2.1', null, LIMITS, () => undefined, new Counters(), 0] as const),
    );
    connection.close('accessRevoked', 'ops');
    connection.close('slowConsumer');
    expect(socket.closes).toEqual([[4403, 'access was revoked']]);
    expect([connection.closing, connection.closeReason, connection.closedBy]).toEqual([true, 'accessRevoked', 'ops']);
  });
});
