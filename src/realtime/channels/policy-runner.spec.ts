import { Counters } from '../observability/counters.js';
import { PolicyRunner } from './policy-runner.js';

describe('PolicyRunner', () => {
  it('counts each answer once, by what it was, and how long they took', async () => {
    const counters = new Counters();
    const runner = new PolicyRunner(counters);
    const context = { principal: null, channel: 'rooms:1', params: {} };
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
      await runner.ask(policy as unknown as Parameters<PolicyRunner['ask']>[0], context, 50);
    }
    expect(Object.fromEntries(counters.policyAnswers)).toEqual({
      ...{ allowed: 1, refused: 2, invalid: 1, threw: 1, timed_out: 1 },
    });
    expect(counters.policySeconds).toBeGreaterThan(0.04);
  });
});
