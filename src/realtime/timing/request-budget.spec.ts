import { RealtimeClock } from './realtime-clock.js';
import { ResolvedRealtimeOptions } from '../options/realtime-options.js';
import { BURST_SECONDS, MAX_BUDGET_WAIT_MS, RequestBudget, type Payer } from './request-budget.js';

const PER_SECOND = { connection: 100, user: 1_000, address: 10_000 };

describe('RequestBudget', () => {
  let now: number;
  let budget: RequestBudget;
  let connections = 0;
  const clock = Object.assign(new RealtimeClock(), { now: () => now });

  beforeEach(() => {
    now = 0;
    const options = new ResolvedRealtimeOptions();
    options.requestBytesPerSecond = PER_SECOND.connection;
    options.requestBytesPerSecondOfUser = PER_SECOND.user;
    options.requestBytesPerSecondOfAddress = PER_SECOND.address;
    budget = new RequestBudget(options, clock);
  });

  const client = (userKey: string | null = null, countedAs: string | null = '192.0.2.1'): Payer => ({
    id: String((connections += 1)),
    principal: userKey === null ? null : { userKey },
    address: countedAs ?? '10.0.0.1',
    countedAs,
    unpaidBytes: 0,
  });

  /** Bytes charged to `count` new clients that each send requests until they have to wait. */
  const obtained = (count: number, make: () => Payer): number => {
    let bytes = 0;
    for (let index = 0; index < count; index += 1) {
      const payer = make();
      for (let waitMs: number | null = 0; waitMs === 0;) {
        waitMs = budget.charge(payer, 100);
        if (waitMs !== null) bytes += 100;
      }
    }
    return bytes;
  };

  /** Maximum charge: the burst, and the requests that clients wait for. */
  const most = (perSecond: number) => (BURST_SECONDS + MAX_BUDGET_WAIT_MS / 1_000) * perSecond;

  it('grants a connection its burst, then makes it wait, then refuses', () => {
    const payer = client();
    expect(obtained(1, () => payer)).toBe(BURST_SECONDS * PER_SECOND.connection + 100);
    expect(budget.charge(payer, 200)).toBe(3_000); // the previous request waits for one second
    expect(budget.charge(payer, 300)).toBeNull();
    now = 1_000;
    expect(budget.charge(payer, 300)).toBe(MAX_BUDGET_WAIT_MS);
  });

  it('charges the unpaid bytes of a client once', () => {
    const payer = client();
    payer.unpaidBytes = 50;
    budget.settle(payer);
    budget.settle(payer);
    expect(budget.charge(payer, BURST_SECONDS * PER_SECOND.connection - 50)).toBe(0);
    expect(budget.charge(payer, 1)).toBe(10);
  });

  it('does not give new credit to a user who opens new connections', () => {
    expect(obtained(100, () => client('u'))).toBe(most(PER_SECOND.user));
  });

  it('does not give new credit to an address with new users', () => {
    let user = 0;
    expect(obtained(200, () => client(`u${(user += 1)}`))).toBeLessThanOrEqual(most(PER_SECOND.address));
    expect(obtained(1, () => client('other', '192.0.2.2'))).toBe(BURST_SECONDS * PER_SECOND.connection + 100);
  });

  it('limits all clients of an unconfigured proxy together, as 16 addresses', () => {
    expect(obtained(10_000, () => client(null, null))).toBeLessThanOrEqual(16 * most(PER_SECOND.address));
  });

  it('charges answers that were larger than expected before the next request', () => {
    const payer = client();
    expect(budget.request(payer, 100)).toBe(0);
    payer.unpaidBytes += 50; // an answer that the charge covers
    expect(budget.request(payer, 100)).toBe(0);
    payer.unpaidBytes += BURST_SECONDS * PER_SECOND.connection;
    expect(budget.request(payer, 100)).toBe(2_000); // 200 for the requests, of which 100 cover the answer
    expect(payer.unpaidBytes).toBe(-100);
  });

  it('refunds a charge that was too high', () => {
    const payer = client('u');
    expect(budget.charge(payer, BURST_SECONDS * PER_SECOND.connection)).toBe(0);
    budget.chargeUnconditionally(payer, -BURST_SECONDS * PER_SECOND.connection);
    expect(budget.charge(payer, 100)).toBe(0);
  });

  it('lets 5,000 clients behind one address reconnect at once, each with 100 missed events', () => {
    const defaults = new RequestBudget(new ResolvedRealtimeOptions(), clock);
    const [subscribe, newChannel, replay] = [1_024, 4_096, 100 * 250];
    for (let index = 0; index < 5_000; index += 1) {
      const payer = client(`u${index}`);
      for (const cost of [subscribe, newChannel, replay]) expect(defaults.charge(payer, cost)).toBe(0);
    }
  });
});
