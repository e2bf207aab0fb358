import { jest } from '@jest/globals';
import { FakeTransport } from '../../../test/support/fake-transport.js';
import {
  framesOf,
  offlineConnection,
  principalOf,
  type OfflineConnection,
} from '../../../test/support/offline-connection.js';
import { Counters } from '../observability/counters.js';
import { RealtimeClock } from '../timing/realtime-clock.js';
import { BufferGuard } from './buffer-guard.js';
import { Connection } from './connection.js';
import { ConnectionMonitor } from './connection-monitor.js';
import { ConnectionRegistry } from './connection-registry.js';

describe('ConnectionMonitor', () => {
  const limits = {
    heartbeatIntervalMs: 20,
    anonymousTimeoutMs: 60_000,
    reconnectSpreadMs: 0,
    maxBufferedBytes: 100,
    framesPerSecond: 100,
  };
  const counters = new Counters();
  let clock: RealtimeClock;
  let monitor: ConnectionMonitor;
  let connections: Map<string, Connection>;

  beforeEach(() => {
    clock = new RealtimeClock();
    connections = new Map();
    const registry = {
      all: () => connections.values(),
      get size() {
        return connections.size;
      },
    };
    monitor = new ConnectionMonitor(registry, new BufferGuard(registry, counters, 1_000), limits, clock);
  });
  afterEach(() => monitor.stop());

  function add(transport: FakeTransport): Connection {
    const connection = new Connection(transport, '', null, limits, () => undefined, counters, clock.now());
    connections.set(connection.id, connection);
    return connection;
  }

  it('continues its rounds after the check of a connection throws', async () => {
    class Broken extends FakeTransport {
      override ping(): void {
        throw new Error('bug');
      }
    }
    class Pinged extends FakeTransport {
      connection: Connection | null = null;
      pings = 0;
      done: () => void = () => undefined;

      override ping(): void {
        this.pings += 1;
        this.connection!.alive = true;
        if (this.pings === 3) this.done();
      }
    }
    add(new Broken());
    const pinged = new Pinged();
    pinged.connection = add(pinged);
    const thrice = new Promise<void>((resolve) => (pinged.done = resolve));
    monitor.start();
    monitor.start(); // has no effect
    await thrice;
    expect(pinged.pings).toBe(3);
  });

  it('checks any number of connections as soon as a test has advanced the clock', () => {
    const transports = Array.from({ length: 2_500 }, () => new FakeTransport());
    for (const transport of transports) add(transport);
    clock.advance(limits.anonymousTimeoutMs);
    expect(transports.every(({ closes }) => closes.length === 1)).toBe(true);
  });
});

const LIMITS = {
  heartbeatIntervalMs: 10_000,
  anonymousTimeoutMs: 60_000,
  reconnectSpreadMs: 5_000,
};

describe('the checks of ConnectionMonitor', () => {
  let clock: RealtimeClock;
  let registry: ConnectionRegistry;
  let monitor: ConnectionMonitor;
  let counters: Counters;
  let pings: OfflineConnection[];

  beforeEach(() => {
    jest.useFakeTimers();
    [clock, counters, pings] = [new RealtimeClock(), new Counters(), []];
    registry = new ConnectionRegistry(counters);
    monitor = new ConnectionMonitor(registry, new BufferGuard(registry, counters, 1_000), LIMITS, clock);
  });
  afterEach(() => {
    monitor.stop();
    jest.useRealTimers();
  });

  function connect(principal = principalOf('u') as ReturnType<typeof principalOf> | null): OfflineConnection {
    const limits = {
      heartbeatIntervalMs: LIMITS.heartbeatIntervalMs,
      since: clock.now(),
    };
    const connection = offlineConnection(principal, limits);
    connection.transport.ping = () => void pings.push(connection);
    registry.add(connection);
    return connection;
  }
  const closeOf = ({ transport }: OfflineConnection): number | undefined => transport.closes.at(0)?.[0];

  it('pings a connection after each interval, and closes it if nothing arrives until the next', () => {
    const [silent, alive] = [connect(), connect()];
    clock.advance(9_999);
    expect(pings).toEqual([]);
    clock.advance(1);
    expect(pings).toEqual([silent, alive]);
    alive.alive = true;
    clock.advance(9_999);
    expect([closeOf(silent), pings.length]).toEqual([undefined, 2]);
    clock.advance(1);
    expect([closeOf(silent), closeOf(alive)]).toEqual([4502, undefined]);
    expect(pings).toEqual([silent, alive, alive]);
  });

  it('does not close a connection from which the server does not read', () => {
    const paused = connect();
    paused.transport.pause();
    clock.advance(10_000);
    clock.advance(10_000);
    expect([closeOf(paused), pings.length]).toEqual([undefined, 2]);
    paused.transport.resume();
    clock.advance(10_000);
    expect(closeOf(paused)).toBe(4502);
  });

  it('closes a connection whose message does not end within an interval', () => {
    const [stuck, busy, done] = [connect(), connect(), connect()];
    for (const one of [stuck, busy, done]) one.transport.hasPartialMessage = true;
    clock.advance(10_000);
    for (const one of [stuck, busy, done]) one.alive = true;
    busy.messages += 1;
    done.transport.hasPartialMessage = false;
    clock.advance(10_000);
    expect([stuck, busy, done].map(closeOf)).toEqual([1008, undefined, undefined]);
  });

  it('keeps a connection whose incomplete message began after the last heartbeat', () => {
    const connection = connect();
    clock.advance(10_000);
    connection.alive = true;
    connection.transport.hasPartialMessage = true;
    clock.advance(10_000);
    expect(closeOf(connection)).toBeUndefined();
  });

  it('refuses a connection that sends no token in time', () => {
    const [late, other] = [connect(null), connect(null)];
    late.authDeadline = clock.now() + 5_000;
    clock.advance(4_999);
    expect(closeOf(late)).toBeUndefined();
    clock.advance(1);
    expect(framesOf(late)).toMatchObject([{ type: 'error', code: 'auth_required' }]);
    expect([closeOf(late), closeOf(other)]).toEqual([4401, undefined]);
  });

  it('ends a connection whose token expires', () => {
    const expiresAt = clock.wall() + 5_000;
    const [expiring, lasting] = [connect(principalOf('u', { expiresAt })), connect()];
    clock.advance(4_999);
    expect(closeOf(expiring)).toBeUndefined();
    clock.advance(1);
    expect(framesOf(expiring)).toMatchObject([{ type: 'error', code: 'token_expired' }]);
    expect([closeOf(expiring), closeOf(lasting)]).toEqual([4401, undefined]);
  });

  it('ends an anonymous connection after its maximum age, and asks the client to reconnect after a random delay', () => {
    const [anonymous, known] = [connect(null), connect()];
    const beat = (): void =>
      [anonymous, known].forEach((one) => Object.assign(one, { alive: true, heartbeatAt: Infinity }));
    beat();
    clock.advance(59_999);
    expect(closeOf(anonymous)).toBeUndefined();
    clock.advance(1);
    const [frame] = framesOf(anonymous);
    expect(frame).toMatchObject({ type: 'reconnect' });
    const afterMs = Number(frame?.['afterMs']);
    expect(afterMs >= 0 && afterMs <= 5_000 && Number.isInteger(afterMs)).toBe(true);
    expect([closeOf(anonymous), closeOf(known)]).toEqual([4504, undefined]);
  });

  it('ignores a connection that is closing', () => {
    const closing = connect(null);
    closing.close('restarting');
    clock.advance(600_000);
    expect([framesOf(closing), closing.transport.closes.length, pings]).toEqual([[], 1, []]);
  });

  it('closes the connections with the largest buffers if all buffers together exceed their limit', () => {
    const slow = connect();
    slow.transport.bufferedBytes = 1_001;
    clock.advance(0);
    expect([closeOf(slow), counters.buffersOverflowed]).toEqual([4501, 1]);
  });

  it('closes them in a check by its timer too', () => {
    const slow = connect();
    slow.transport.bufferedBytes = 1_001;
    monitor.start();
    jest.advanceTimersByTime(2_500);
    expect(closeOf(slow)).toBe(4501);
  });

  it('checks connections with one timer between start and stop', () => {
    const connection = connect();
    monitor.start();
    monitor.start();
    expect(jest.getTimerCount()).toBe(1);
    connection.heartbeatAt = 0;
    jest.advanceTimersByTime(2_500);
    expect(pings).toEqual([connection]);
    monitor.stop();
    monitor.stop();
    expect(jest.getTimerCount()).toBe(0);
    monitor.start();
    expect(jest.getTimerCount()).toBe(1);
  });
});
