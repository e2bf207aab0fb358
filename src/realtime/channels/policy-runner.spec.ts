import { Counters } from '../observability/counters.js';
import { PolicyRunner } from './policy-runner.js';

const context = { principal: null, channel: 'rooms:1', params: {} };

describe('PolicyRunner', () => {
  it.each([
    [true, { groups: ['members'], fields: ['price'] }],
    [false, { groups: [], fields: [] }],
  ])('hands on what is granted beside %p', async (allowed, granted) => {
    const canSubscribe = () => ({ allowed, groups: ['members'], fields: ['price'] });
    const policy = { name: 'RoomPolicy', patterns: ['rooms:*'], instance: { canSubscribe } };
    const runner = new PolicyRunner(new Counters());
    const asked = policy as unknown as Parameters<PolicyRunner['ask']>[0];
    expect(await runner.ask(asked, 'rooms:*', context, 5_000)).toMatchObject(granted);
  });

  it('tells of each answer once, what it was and how long it took', async () => {
    const counters = new Counters();
    const told: [pattern: string, outcome: string, seconds: number][] = [];
    counters.measure({
      ...{ published: () => undefined, batch: () => undefined, replayed: () => undefined },
      policyAnswered: (...answer) => void told.push(answer),
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
    expect(told.map(([pattern, outcome]) => [pattern, outcome])).toEqual(outcomes.map((one) => ['rooms:*', one]));
    expect(told.at(-1)![2]).toBeGreaterThan(0.04);
    expect(Object.fromEntries(counters.policyFailures)).toEqual({ invalid: 1, threw: 1, timed_out: 1 });
  });
});
