import { jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { EventEmitter } from 'node:events';
import type { Redis } from 'ioredis';
import { ConnectionSupervisor } from './supervisor.js';

const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

/** A connection with the members that the supervisor uses. */
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
  let notified: string[];
  let warnings: jest.SpiedFunction<Logger['warn']>;
  let supervisor: ConnectionSupervisor<Redis>;

  beforeEach(() => {
    jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask'] });
    jest.spyOn(Math, 'random').mockReturnValue(0.5); // disables the jitter of delays
    jest.spyOn(Logger.prototype, 'log').mockReturnValue();
    warnings = jest.spyOn(Logger.prototype, 'warn').mockReturnValue();
    [connections, notified] = [[], []];
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
        up: () => void notified.push('up'),
        down: (why) => void notified.push(`down: ${why}`),
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

  it('creates another connection when one is lost, and calls the hooks once each time', async () => {
    await start();
    connections.at(0)!.fail();
    expect(supervisor.client).toBeNull();
    await pass(100);
    expect(supervisor.client).toBe(connections[1]);
    expect(notified).toEqual(['up', 'down: the connection was lost', 'up']);
  });

  it('waits longer after each failure, up to 1 s, and logs one line per outage', async () => {
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

  it('starts with the shortest delay again after a stable connection', async () => {
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

  it('closes a connection that cannot be prepared', async () => {
    prepare = () => Promise.reject(new Error('NOPERM'));
    await start();
    expect(connections.at(0)!.status).toBe('end');
    expect(supervisor.client).toBeNull();
    expect(notified).toEqual(['down: NOPERM']);
  });

  it('does not report a connection as up that closed before it was returned', async () => {
    connect = async () => Object.assign(new Connection(), { status: 'end' });
    await start();
    expect(supervisor.client).toBeNull();
    expect(supervisor.reason).toBe('the connection was lost');
  });

  it('does not report a connection as up that was lost during its preparation', async () => {
    let prepared = (): void => undefined;
    prepare = () => new Promise((resolve) => (prepared = resolve));
    await start();
    connections.at(0)!.fail();
    prepared();
    await turn();
    expect(supervisor.client).toBeNull();
    expect(notified).toEqual(['down: the connection was lost']);
  });

  it('closes a connection that completes after the supervisor was closed, and creates no other', async () => {
    let made = (_connection: Connection): void => undefined;
    connect = () => new Promise((resolve) => (made = resolve));
    await start();
    supervisor.close();
    made(new Connection());
    await turn();
    expect(connections.at(0)!.status).toBe('end');
    expect(jest.getTimerCount()).toBe(0);
    expect(notified).toEqual([]);
  });

  it('creates no connection after it was closed between two attempts', async () => {
    connect = () => Promise.reject(new Error('refused'));
    await start();
    supervisor.close();
    expect(jest.getTimerCount()).toBe(0);
  });
});
