import { RealtimeHealth } from './realtime-health.service.js';

interface Status {
  readonly up: boolean;
  readonly reason?: string;
}
const UP: Status = { up: true };

describe('the health of an instance', () => {
  const check = (
    given: { broker?: Status; tokens?: Status; revocations?: Status; draining?: boolean; selfPingAgeMs?: number } = {},
  ) => {
    const { broker = UP, tokens = UP, revocations = UP, draining = false, selfPingAgeMs = null } = given;
    const brokerHealth = { selfPingAgeMs, queuedEvents: 2, queuedBytes: 300 };
    const parts = [{ status: broker, brokerHealth }, { status: tokens }, { status: revocations }, { draining }];
    const [bridge, auth, keeper, server] = parts as never[];
    return new RealtimeHealth(bridge!, auth!, keeper!, server!, { size: 7 } as never).check();
  };
  const numbers = { queuedEvents: 2, queuedBytes: 300, connections: 7 };

  it('is ok while all parts work; without Redis there is no self-ping', () => {
    const all = { broker: 'up', tokens: 'up', revocations: 'current' };
    expect(check()).toEqual({ status: 'ok', ...all, ...numbers });
    expect(check({ selfPingAgeMs: 0 })).toEqual({ status: 'ok', ...all, ...numbers, selfPingAgeMs: 0 });
  });

  it('is unavailable with the reason of each part that is down', () => {
    const report = check({ broker: { up: false, reason: 'Redis is down' }, tokens: { up: false } });
    expect(report).toMatchObject({ status: 'unavailable', broker: 'down', tokens: 'down', revocations: 'current' });
    expect(report.reason).toBe('Redis is down. unknown');
    expect(check({ revocations: { up: false, reason: 'not loaded' } })).toMatchObject({
      ...{ status: 'unavailable', revocations: 'stale', reason: 'not loaded' },
    });
  });

  it('is draining while the instance shuts down, also without Redis', () => {
    const broker = { up: false, reason: 'Redis is down' };
    expect(check({ draining: true, broker })).toMatchObject({ status: 'draining', broker: 'down' });
  });
});
