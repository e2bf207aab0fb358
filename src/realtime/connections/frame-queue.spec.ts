import { FakeTransport } from '../../../test/support/fake-transport.js';
import type { Decoded } from '../../protocol/index.js';

import { Counters } from '../observability/counters.js';
import { Connection } from './connection.js';
import { FrameQueue } from './frame-queue.js';

const LIMITS = { maxBufferedBytes: 1_000_000, framesPerSecond: 100, heartbeatIntervalMs: 25_000 };
const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

describe('FrameQueue', () => {
  let transport: FakeTransport;
  let connection: Connection;
  let handled: string[];
  let failed: [ref: string, error: unknown][];
  let answers: { resolve(): void; reject(error: Error): void }[];
  let queue: FrameQueue<Connection>;

  beforeEach(() => {
    transport = new FakeTransport();
    [handled, answers] = [[], []];
    connection = new Connection(
      ...([transport, '192.0.2.1', null, LIMITS, () => undefined, new Counters(), 0] as const),
    );
    failed = [];
    queue = new FrameQueue(connection, {
      maxBytes: 1_000,
      handle(_connection, { request }) {
        handled.push(request!.ref!);
        return new Promise<void>((resolve, reject) => void answers.push({ resolve, reject }));
      },
      fail: (_connection, { request }, error) => void failed.push([request!.ref!, error]),
    });
  });

  const frame = (ref: string): Decoded => ({ request: { type: 'ping', ref } }) as unknown as Decoded;
  const add = (ref: string, bytes = 1): void => queue.add(frame(ref), bytes);

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
    add('4');
    expect(handled).toEqual(['1', '2', '3', '4']);
  });

  it('runs a job between two frames, also while the connection is closing', async () => {
    add('1');
    queue.add(() => void handled.push('job'));
    add('2');
    answers.at(0)!.resolve();
    await turn();
    expect(handled).toEqual(['1', 'job', '2']);
    connection.close();
    queue.add(() => void handled.push('last job'));
    answers.at(1)!.resolve();
    await turn();
    expect(handled).toEqual(['1', 'job', '2', 'last job']);
  });

  it('reads again after many jobs, without another frame', async () => {
    add('1');
    for (let index = 0; index < 300; index += 1) queue.add(() => undefined);
    expect(transport.isPaused).toBe(true);
    answers.at(0)!.resolve();
    await turn();
    expect(transport.isPaused).toBe(false);
  });

  it('reports a failed frame, and continues', async () => {
    for (const ref of ['1', '2']) add(ref);
    const bug = new Error('bug');
    answers.at(0)!.reject(bug);
    await turn();
    expect(handled).toEqual(['1', '2']);
    expect(failed).toEqual([['1', bug]]);
  });

  it('handles no frame after the server closed the connection, whether it waits or arrives later', async () => {
    for (const ref of ['1', '2', '3']) add(ref);
    connection.close('accessRevoked', 'ops');
    answers.at(0)!.resolve();
    await turn();
    add('4');
    await turn();
    expect(handled).toEqual(['1']);
  });

  it('pauses the transport while too many frames or bytes wait, until half of them are handled', async () => {
    add('0');
    for (let number = 1; number < 256; number += 1) add(String(number));
    expect(transport.isPaused).toBe(false);
    add('256');
    expect(transport.isPaused).toBe(true);
    for (let number = 0; number < 256; number += 1) {
      answers.at(number)!.resolve();
      await turn();
      // The next frame is being handled now, so it does not wait.
      expect(transport.isPaused).toBe(256 - (number + 1) >= 128);
    }
    answers.at(256)!.resolve();
    await turn();
    add('large', 2);
    add('larger', 1_000);
    expect(transport.isPaused).toBe(true);
  });

  it('pauses the transport at the limit of bytes, until half of them are handled', async () => {
    add('0');
    add('1', 499);
    add('2', 500);
    expect(transport.isPaused).toBe(false);
    add('3', 1);
    expect(transport.isPaused).toBe(true);
    answers.at(0)!.resolve();
    await turn();
    expect(transport.isPaused).toBe(true); // 501 bytes wait
    answers.at(1)!.resolve();
    await turn();
    expect(transport.isPaused).toBe(false);
  });

  it('handles a frame at once if its predecessor needed no time', () => {
    const seen: string[] = [];
    const prompt = new FrameQueue(connection, {
      maxBytes: 1_000,
      handle: (_connection, { request }) => void seen.push(request!.ref!),
      fail: () => undefined,
    });
    for (const ref of ['1', '2', '3']) prompt.add(frame(ref), 1);
    expect(seen).toEqual(['1', '2', '3']);
  });
});
