import { FakeTransport } from '../../../test/support/fake-transport.js';
import { Counters } from '../observability/counters.js';
import { RealtimeClock } from '../timing/realtime-clock.js';
import { BufferGuard } from './buffer-guard.js';
import { Connection } from './connection.js';
import { ConnectionMonitor } from './connection-monitor.js';

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

  it('goes on with its rounds after a connection whose check fails', async () => {
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

  it('checks all connections as soon as a test has advanced the clock, however many there are', () => {
    const transports = Array.from({ length: 2_500 }, () => new FakeTransport());
    for (const transport of transports) add(transport);
    clock.advance(limits.anonymousTimeoutMs);
    expect(transports.every(({ closes }) => closes.length === 1)).toBe(true);
  });
});
