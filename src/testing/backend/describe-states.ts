import assert from 'node:assert/strict';
import type { LoadRight, StoredState } from '../../realtime/index.js';
import { until } from './assertions.js';
import type { Instances } from './describe-stores.js';
import type { TestRunner } from './test-runner.js';

const HOUR_MS = 3_600_000;

/** Tests the guarantees of a `StateStore`. */
export function describeStates({ describe, it }: TestRunner, instances: Instances): void {
  describe('guarantees of a state store', () => {
    let count = 0;
    const newTopic = (): string => `boards:${(count += 1)} ü{x}/${Math.random().toString(36).slice(2)}`;
    const state = (offset: number, json = '{"a":1}', epoch = 'e1'): StoredState => ({
      ...{ position: { epoch, offset }, json, loadedAt: 1_700_000_000_123 },
    });
    const stores = () => {
      const [one, two] = instances();
      return [one.states, (two ?? one).states] as const;
    };
    const claim = async (topic: string, holder: string, leaseMs = HOUR_MS): Promise<LoadRight> => {
      const answer = await stores()[0].claim(topic, holder, leaseMs);
      assert.equal(answer.state, 'granted');
      return answer.state === 'granted' ? answer.right : { holder, token: 0 };
    };

    it('has no state of an unknown channel', async () => {
      const [one] = stores();
      assert.equal(await one.read(newTopic()), null);
    });

    it('returns a state on every instance as it was written', async () => {
      const [one, two] = stores();
      const [topic, other] = [newTopic(), newTopic()];
      const large = state(7, JSON.stringify({ text: 'ü"\\\u2028'.repeat(10_000) }));
      assert.equal(await one.write(topic, large, await claim(topic, 'a'), HOUR_MS), true);
      for (const store of [one, two]) assert.deepEqual(await store.read(topic), large);
      assert.equal(await two.read(other), null);
    });

    it('lets one of many holders load, on any instance', async () => {
      const [one, two] = stores();
      const topic = newTopic();
      const holders = Array.from({ length: 10 }, (_, index) => `holder${index}`);
      const answers = await Promise.all(
        holders.map((holder, index) => (index % 2 === 0 ? one : two).claim(topic, holder, HOUR_MS)),
      );
      const winner = answers.findIndex((answer) => answer.state === 'granted');
      assert.deepEqual(
        answers.map((answer) => answer.state),
        holders.map((_, index) => (index === winner ? 'granted' : 'held')),
      );
      assert.equal((await two.claim(topic, holders[winner]!, HOUR_MS)).state, 'granted');
      assert.equal((await two.claim(newTopic(), 'other', HOUR_MS)).state, 'granted');
    });

    it('gives the right to the next holder after a state was written', async () => {
      const [one, two] = stores();
      const topic = newTopic();
      const first = await claim(topic, 'a');
      await one.write(topic, state(1), first, HOUR_MS);
      const second = await two.claim(topic, 'b', HOUR_MS);
      assert.equal(second.state === 'granted' && second.right.token > first.token, true);
    });

    it('gives the right to another holder after the lease', async () => {
      const [one, two] = stores();
      const topic = newTopic();
      const late = await claim(topic, 'a', 50);
      await until(
        async () => (await two.claim(topic, 'b', HOUR_MS)).state === 'granted',
        () => 'the lease to end',
      );
      await one.fail(topic, late, 'unavailable', HOUR_MS);
      assert.equal((await one.claim(topic, 'a', HOUR_MS)).state, 'held');
      await one.write(topic, state(1), late, HOUR_MS);
      assert.equal((await one.claim(topic, 'a', HOUR_MS)).state, 'held');
    });

    it('reports a failed load to all holders until it can be repeated', async () => {
      const [one, two] = stores();
      const topic = newTopic();
      await one.fail(topic, await claim(topic, 'a'), 'too_large', 300);
      const answer = await two.claim(topic, 'b', HOUR_MS);
      assert.equal(answer.state === 'failed' && answer.code, 'too_large');
      assert.equal(answer.state === 'failed' && answer.retryMs > 0 && answer.retryMs <= 300, true);
      await until(
        async () => (await two.claim(topic, 'b', HOUR_MS)).state === 'granted',
        () => 'the time of the failure to end',
      );
    });

    it('does not replace a newer state of the same epoch by an older one', async () => {
      const [one, two] = stores();
      const topic = newTopic();
      const slow = await claim(topic, 'slow', 1);
      await until(
        async () => (await two.claim(topic, 'fast', HOUR_MS)).state === 'granted',
        () => 'the lease to end',
      );
      const fast = await claim(topic, 'fast');
      assert.equal(await two.write(topic, state(9), fast, HOUR_MS), true);
      assert.equal(await one.write(topic, state(8, '{"old":1}'), slow, HOUR_MS), false);
      assert.equal(await one.write(topic, state(9, '{"old":1}'), slow, HOUR_MS), false);
      assert.deepEqual(await one.read(topic), state(9));
      assert.equal(await one.write(topic, state(10, '{"b":2}'), slow, HOUR_MS), true);
      assert.deepEqual(await two.read(topic), state(10, '{"b":2}'));
    });

    it('replaces a state of another epoch if its right is newer', async () => {
      const [one] = stores();
      const topic = newTopic();
      const first = await claim(topic, 'a');
      await one.write(topic, state(9), first, HOUR_MS);
      const second = await claim(topic, 'b');
      assert.equal(await one.write(topic, state(2, '{}', 'e2'), second, HOUR_MS), true);
      assert.equal(await one.write(topic, state(9), first, HOUR_MS), false);
      assert.deepEqual(await one.read(topic), state(2, '{}', 'e2'));
    });

    it('forgets a state after its time', async () => {
      const [one, two] = stores();
      const topic = newTopic();
      await one.write(topic, state(9), await claim(topic, 'a'), 50);
      await until(
        async () => (await two.read(topic)) === null,
        () => 'the state to expire',
      );
      assert.equal(await one.write(topic, state(1), await claim(topic, 'b'), HOUR_MS), true);
    });
  });
}
