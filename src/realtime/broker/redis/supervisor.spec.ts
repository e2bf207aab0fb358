import { jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { EventEmitter } from 'node:events';
import type { Redis } from 'ioredis';
import { ConnectionSupervisor } from './supervisor.js';

const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

/** A connection, as far as its supervisor needs it. */
class Connection extends EventEmitter {
  status = 'ready';
  readonly stream = { unref: () => undefined };

  disconnect(): void {
    this.status = 'end';
  }

  fail(): void {
    this.status = 'end';
    this.emit('end');
  }
}

describe('ConnectionSupervisor', () => {
  let connections: Connection[];
  let connect: () => Promise<Connection>;
  let prepare: () => Promise<void>;
  let heard: string[];
  let warnings: jest.SpiedFunction<Logger['warn']>;
  let supervisor: ConnectionSupervisor<Redis>;

  beforeEach(() => {
    jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask'] });
    jest.spyOn(Math, 'random').mockReturnValue(0.5); // a delay without its jitter
    jest.spyOn(Logger.prototype, 'log').mockReturnValue();
    warnings = jest.spyOn(Logger.prototype, 'warn').mockReturnValue();
    [connections, heard] = [[], []];
    connect = async () => new Connection();
    prepare = async () => undefined;
    supervisor = new ConnectionSupervisor<Redis>(
      'testing',
      async () => {
        const connection = await connect();
        connections.push(connection);
        return connection as unknown as Redis;
      },
      {
        prepare: () => prepare(),
        up: () => void heard.push('up'),
        down: (why) => void heard.push(`down: ${why}`),
      },
    );
  });
  afterEach(() => {
    supervisor.close();
    jest.restoreAllMocks();
    jest.useRealTimers();
  });

  const start = async (): Promise<void> => {
    supervisor.start();
    await turn();
  };
  const pass = async (milliseconds: number): Promise<void> => {
    jest.advanceTimersByTime(milliseconds);
    await turn();
  };

  it('makes another connection when one is lost, and says so once each time', async () => {
    await start();
    connections.at(0)!.fail();
    expect(supervisor.client).toBeNull();
    await pass(100);
    expect(supervisor.client).toBe(connections[1]);
    expect(heard).toEqual(['up', 'down: the connection was lost', 'up']);
  });

  it('waits longer after each failure, up to 1 s, and logs one line for the outage', async () => {
    let attempts = 0;
    connect = () => Promise.reject(new Error(`refused ${(attempts += 1)}`));
    await start();
    const pauses: number[] = [];
    for (let last = 0; pauses.length < 6; last += 1) {
      const before = attempts;
      await pass(1);
      if (attempts === before) continue;
      pauses.push(last + 1);
      last = -1;
    }
    expect(pauses).toEqual([100, 200, 400, 800, 1_000, 1_000]);
    expect(supervisor.reason).toBe('refused 7');
    expect(warnings).toHaveBeenCalledTimes(1);
  });

  it('starts with a short pause again after a connection that lasted', async () => {
    await start();
    const pauses: number[] = [];
    for (const lasted of [0, 0, 2_001, 0]) {
      await pass(lasted);
      const { length } = connections;
      connections.at(-1)!.fail();
      let pause = 0;
      for (; connections.length === length && pause < 1_000; pause += 1) await pass(1);
      pauses.push(pause);
    }
    expect(pauses).toEqual([100, 200, 50, 100]);
  });

  it('gives up a connection that cannot be prepared', async () => {
    prepare = () => Promise.reject(new Error('NOPERM'));
    await start();
    expect(connections.at(0)!.status).toBe('end');
    expect(supervisor.client).toBeNull();
    expect(heard).toEqual(['down: NOPERM']);
  });

  it('does not count a connection as up that ended before it was handed out', async () => {
    connect = async () => Object.assign(new Connection(), { status: 'end' });
    await start();
    expect(supervisor.client).toBeNull();
    expect(supervisor.reason).toBe('the connection was lost');
  });

  it('does not count a connection as up that was lost while it was prepared', async () => {
    let prepared = (): void => undefined;
    prepare = () => new Promise((resolve) => (prepared = resolve));
    await start();
    connections.at(0)!.fail();
    prepared();
    await turn();
    expect(supervisor.client).toBeNull();
    expect(heard).toEqual(['down: the connection was lost']);
  });

  it('ends a connection that is made after it was closed, and makes no other', async () => {
    let made = (_connection: Connection): void => undefined;
    connect = () => new Promise((resolve) => (made = resolve));
    await start();
    supervisor.close();
    made(new Connection());
    await turn();
    expect(connections.at(0)!.status).toBe('end');
    expect(jest.getTimerCount()).toBe(0);
    expect(heard).toEqual([]);
  });

  it('makes no connection after it was closed between two attempts', async () => {
    connect = () => Promise.reject(new Error('refused'));
    await start();
    supervisor.close();
    expect(jest.getTimerCount()).toBe(0);
  });
});
