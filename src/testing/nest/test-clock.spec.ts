import { RealtimeClock, type ConnectionRegistry } from '../../realtime/index.js';
import { TestClock, type Duration } from './test-clock.js';

interface Client {
  readonly id: string;
  alive: boolean;
  closing: boolean;
}

function begin(clients: Client[] = [], silent: string[] = []) {
  const steps: number[] = [];
  class Clock extends RealtimeClock {
    override advance(byMs: number): void {
      steps.push(byMs);
      // A heartbeat that is due expects an answer.
      for (const client of clients) {
        client.alive = false;
        if (!silent.includes(client.id)) setImmediate(() => (client.alive = true));
      }
    }
  }
  const registry = { all: () => clients } as unknown as ConnectionRegistry;
  let checks = 0;
  const isSilent = (id: string): boolean => {
    checks += 1;
    return silent.includes(id);
  };
  const clock = new TestClock(new Clock(), registry, 30_000, isSilent);
  return { clock, steps, checks: () => checks };
}

describe('the clock of a test', () => {
  it.each<[Duration, number]>([
    ['5ms', 5],
    ['1.5s', 1_500],
    ['15m', 900_000],
    ['8h', 28_800_000],
    ['2d', 172_800_000],
    [7, 7],
  ])('advances by %j', async (by, ms) => {
    const { clock, steps } = begin();
    await clock.advance(by);
    expect(steps.reduce((sum, step) => sum + step, 0)).toBe(ms);
  });

  it('takes two heartbeats, and then the rest at once', async () => {
    const { clock, steps } = begin();
    await clock.advance('2m');
    await clock.advance('30s');
    await clock.advance('31s');
    expect(steps).toEqual([30_000, 30_000, 60_000, 30_000, 30_000, 1_000]);
  });

  it.each<Duration>([0, -1, NaN, '0s', 'soon' as Duration, '1 s', '1s1' as Duration])('refuses %j', async (by) => {
    await expect(begin().clock.advance(by)).rejects.toThrow('is not a duration: write "90s", "15m"');
  });

  it('waits for the answers of live clients only', async () => {
    const client = (id: string, closing = false): Client => ({ id, alive: true, closing });
    const clients = [client('live'), client('silent'), client('closing', true)];
    const { clock, checks } = begin(clients, ['silent', 'closing']);
    clients[2]!.alive = false;
    await clock.advance('30s');
    expect(clients.map(({ alive }) => alive)).toEqual([true, false, false]);
    expect(checks()).toBeLessThan(10); // it did not poll until its time was over
  });

  it('shows the time of the application', () => {
    const { clock } = begin();
    expect(Math.abs(clock.now.getTime() - Date.now())).toBeLessThan(60_000);
  });
});
