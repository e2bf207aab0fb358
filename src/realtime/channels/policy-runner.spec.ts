import { Logger } from '@nestjs/common';
import { Counters } from '../observability/counters.js';
import { PolicyRunner } from './policy-runner.js';

const nothing = (): void => undefined;
const QUIET = { log: nothing, error: nothing, warn: nothing };

const context = { principal: null, channel: 'rooms:1', params: {} };

describe('PolicyRunner', () => {
  it.each([
    [true, { groups: ['members'], fields: ['price'] }],
    [false, { groups: [], fields: [] }],
  ])('returns the grants of a decision that allows: %p', async (allowed, granted) => {
    const canSubscribe = () => ({ allowed, groups: ['members'], fields: ['price'] });
    const policy = { name: 'RoomPolicy', patterns: ['rooms:*'], instance: { canSubscribe } };
    const runner = new PolicyRunner(new Counters());
    const asked = policy as unknown as Parameters<PolicyRunner['ask']>[0];
    expect(await runner.ask(asked, 'rooms:*', context, 5_000)).toMatchObject(granted);
  });

  it('logs info that cannot be sent with what to do, and grants access without it', async () => {
    const lines: unknown[] = [];
    Logger.overrideLogger({ ...QUIET, error: (line: unknown) => void lines.push(line) });
    const canSubscribe = () => ({ allowed: true, info: 'x'.repeat(2_000) });
    const policy = { name: 'RoomPolicy', patterns: ['rooms:*'], instance: { canSubscribe } };
    const runner = new PolicyRunner(new Counters());
    const asked = policy as unknown as Parameters<PolicyRunner['ask']>[0];
    const verdict = await runner.ask(asked, 'rooms:*', context, 5_000);
    Logger.overrideLogger(true);
    expect(verdict).toEqual({ outcome: 'allowed', reason: null, groups: [], fields: [] });
    expect(lines).toEqual([
      'The info that the policy RoomPolicy gave for rooms:1 has 2002 bytes as JSON, and at most 1024 are sent. The member ' +
        'is shown without info. Return only what other members should see, such as a name and the URL of an avatar',
    ]);
  });

  it('measures each call once, with its outcome and duration', async () => {
    const counters = new Counters();
    const measured: [pattern: string, outcome: string, seconds: number][] = [];
    counters.measure({
      ...{ published: () => undefined, batch: () => undefined, replayed: () => undefined, called: () => undefined },
      policyAnswered: (...answer) => void measured.push(answer),
    });
    const runner = new PolicyRunner(counters);
    const answers: (() => unknown)[] = [
      () => true,
      () => false,
      () => ({ allowed: false, reason: 'not yours' }),
      () => 'yes',
      () => {
        throw new Error('of the test');
      },
      () => new Promise(() => undefined),
    ];
    for (const canSubscribe of answers) {
      const policy = { name: 'RoomPolicy', patterns: ['rooms:*'], instance: { canSubscribe } };
      await runner.ask(policy as unknown as Parameters<PolicyRunner['ask']>[0], 'rooms:*', context, 50);
    }
    const outcomes = ['allowed', 'refused', 'refused', 'invalid', 'threw', 'timed_out'];
    expect(measured.map(([pattern, outcome]) => [pattern, outcome])).toEqual(outcomes.map((one) => ['rooms:*', one]));
    expect(measured.at(-1)![2]).toBeGreaterThan(0.04);
    expect(Object.fromEntries(counters.policyFailures)).toEqual({ invalid: 1, threw: 1, timed_out: 1 });
  });

  /** Creates a runner, and a policy that decides when the test resolves it. */
  function slow(concurrency?: number) {
    const decisions: ((allowed: boolean) => void)[] = [];
    const canSubscribe = () => new Promise<boolean>((resolve) => void decisions.push(resolve));
    const policy = { name: 'RoomPolicy', module: 'RoomsModule', patterns: ['rooms:*'], instance: { canSubscribe } };
    const runner = new PolicyRunner(new Counters(), concurrency);
    const ask = (channel: string, withinMs?: number, address?: string) =>
      runner.ask(policy, 'rooms:*', { ...context, channel }, 60_000, withinMs, address);
    return { runner, ask, decisions };
  }
  const settle = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

  it('calls the policy once for concurrent requests of the same principal and channel, and again for later ones', async () => {
    const { ask, decisions } = slow();
    const answers = [ask('rooms:1'), ask('rooms:1'), ask('rooms:2')];
    await settle();
    expect(decisions).toHaveLength(2);
    for (const decide of decisions) decide(true);
    for (const { outcome } of await Promise.all(answers)) expect(outcome).toBe('allowed');
    const again = ask('rooms:1');
    await settle();
    expect(decisions).toHaveLength(3);
    decisions[2]?.(false);
    expect(await again).toMatchObject({ outcome: 'refused' });
  });

  it('limits the calls for clients without a token by address', async () => {
    const { ask, decisions } = slow(20);
    const same = Array.from({ length: 10 }, (_, index) => ask(`rooms:${index}`, undefined, '192.0.2.1'));
    const other = ask('rooms:other', undefined, '192.0.2.2');
    await settle();
    expect(decisions).toHaveLength(3); // a tenth of 20 for each address
    for (const decide of decisions) decide(true);
    expect(await other).toMatchObject({ outcome: 'allowed' });
    for (let index = 3; index < 11; index += 1) {
      await settle();
      decisions[index]?.(true);
    }
    for (const { outcome } of await Promise.all(same)) expect(outcome).toBe('allowed');
  });

  it('does not share a pending call that began before permissions changed', async () => {
    const { runner, ask, decisions } = slow();
    const before = ask('rooms:1');
    runner.discardPending();
    const after = ask('rooms:1');
    await settle();
    decisions[0]?.(true);
    decisions[1]?.(false);
    expect([(await before).outcome, (await after).outcome]).toEqual(['allowed', 'refused']);
  });

  it('limits concurrent calls, and returns overloaded for calls that get no slot', async () => {
    const { ask, decisions } = slow(10);
    const first = ask('rooms:1');
    const second = ask('rooms:2', 20);
    expect(await second).toMatchObject({ outcome: 'overloaded' });
    expect(decisions).toHaveLength(1);
    const third = ask('rooms:3');
    decisions[0]?.(true);
    await first;
    await settle();
    expect(decisions).toHaveLength(2);
    decisions[1]?.(true);
    expect(await third).toMatchObject({ outcome: 'allowed' });
  });
});
