import assert from 'node:assert/strict';
import type { CallKey, CallRules } from '../../realtime/index.js';
import { until } from './assertions.js';
import type { Instances } from './describe-stores.js';
import type { TestRunner } from './test-runner.js';

const HOUR_MS = 3_600_000;

const RULES: CallRules = {
  keepMs: HOUR_MS,
  leaseMs: HOUR_MS,
  perUser: { calls: 1_000, bytes: 1_000_000 },
  perTenant: { calls: 1_000, bytes: 1_000_000 },
  maxBytes: 1_000_000_000,
};

/** Tests the guarantees of a `CallStore`. */
export function describeCalls({ describe, it }: TestRunner, instances: Instances): void {
  describe('guarantees of a call store', () => {
    let count = 0;
    const unique = (): string => `suite${(count += 1)}-${Math.random().toString(36).slice(2)}`;
    const newCall = (about: Partial<CallKey> = {}): CallKey => ({
      ...{ tenant: null, owner: `${unique()} ü:{x}/`, id: unique() },
      ...about,
    });
    const waitMs = async (ms: number): Promise<void> => {
      const end = Date.now() + ms;
      await until(
        () => Date.now() > end,
        () => 'the time to pass',
      );
    };

    it('has one epoch for all instances, which stays', async () => {
      const [{ calls }, two] = instances();
      const epoch = await calls.epoch();
      assert.notEqual(epoch, '');
      assert.equal(await (two?.calls ?? calls).epoch(), epoch);
      assert.equal(await calls.epoch(), epoch);
    });

    it('begins a call for one of many holders, on any instance, and returns its outcome to the others', async () => {
      const [one, two] = instances();
      const call = newCall();
      const holders = Array.from({ length: 10 }, (_, index) => `holder${index}`);
      const store = (index: number) => (index % 2 === 0 ? one : (two ?? one)).calls;
      const states = await Promise.all(holders.map((holder, index) => store(index).begin(call, holder, RULES)));
      const winner = states.findIndex(({ state }) => state === 'begun');
      assert.deepEqual(
        states.map(({ state }) => state),
        holders.map((_, index) => (index === winner ? 'begun' : 'running')),
      );
      assert.equal((await store(winner + 1).begin(call, holders[winner]!, RULES)).state, 'begun');
      assert.equal(await store(winner).finish(call, holders[winner]!, '{"data":"ü \\""}', RULES), true);
      assert.equal(await store(winner).finish(call, holders[winner]!, '{"data":"ü \\""}', RULES), true);
      for (const { calls } of [one, two ?? one]) {
        assert.deepEqual(await calls.begin(call, 'late', RULES), { state: 'ended', outcome: '{"data":"ü \\""}' });
      }
      assert.equal(await one.calls.finish(call, 'holder-x', '{}', RULES), false);
    });

    it('keeps calls of different users and ids apart', async () => {
      const [{ calls }] = instances();
      const call = newCall();
      for (const other of [call, newCall({ id: call.id }), newCall({ owner: call.owner })]) {
        assert.equal((await calls.begin(other, 'holder', RULES)).state, 'begun');
      }
    });

    it('ends a call whose lease was not renewed with an unknown outcome, which stays', async () => {
      const [one, two] = instances();
      const rules = { ...RULES, leaseMs: 500 };
      const [renewed, abandoned] = [newCall(), newCall()];
      for (const call of [renewed, abandoned]) await one.calls.begin(call, 'holder', rules);
      assert.equal(await one.calls.renew(renewed, 'holder', RULES), true);
      assert.equal(await one.calls.renew(renewed, 'another', RULES), false);
      await waitMs(550);
      const { calls } = two ?? one;
      assert.deepEqual(await calls.begin(renewed, 'second', rules), { state: 'running' });
      assert.deepEqual(await calls.begin(abandoned, 'second', rules), { state: 'ended', outcome: null });
      assert.equal(await one.calls.finish(abandoned, 'holder', '{}', RULES), false);
      assert.equal(await one.calls.renew(abandoned, 'holder', RULES), false);
      assert.deepEqual(await calls.begin(abandoned, 'third', rules), { state: 'ended', outcome: null });
    });

    it('accepts the outcome of a call whose lease ended without notice', async () => {
      const [{ calls }] = instances();
      const call = newCall();
      await calls.begin(call, 'holder', { ...RULES, leaseMs: 20 });
      await waitMs(50);
      assert.equal(await calls.finish(call, 'holder', '{}', RULES), true);
      assert.deepEqual(await calls.begin(call, 'second', RULES), { state: 'ended', outcome: '{}' });
    });

    it('forgets a call after its time', async () => {
      const [{ calls }] = instances();
      const call = newCall();
      const rules = { ...RULES, keepMs: 100 };
      await calls.begin(call, 'holder', rules);
      await calls.finish(call, 'holder', '{}', rules);
      await waitMs(150);
      assert.deepEqual(await calls.begin(call, 'second', rules), { state: 'begun' });
    });

    it('refuses calls beyond the number of a user or a tenant, and no known call', async () => {
      const [{ calls }] = instances();
      const tenant = unique();
      const [first, second] = [newCall({ tenant }), newCall({ tenant })];
      const rules = { ...RULES, perUser: { calls: 2, bytes: 100 }, perTenant: { calls: 3, bytes: 100 } };
      const begin = async (call: CallKey) => (await calls.begin(call, 'holder', rules)).state;
      const again = (call: CallKey): CallKey => ({ ...call, id: unique() });
      assert.deepEqual(
        [await begin(first), await begin(again(first)), await begin(again(first))],
        [...['begun', 'begun', 'full']],
      );
      assert.deepEqual([await begin(second), await begin(again(second))], ['begun', 'full']);
      assert.equal((await calls.begin(first, 'another', rules)).state, 'running');
      assert.equal(await begin(newCall({ tenant: unique() })), 'begun');
    });

    it('does not keep outcomes beyond the bytes of a user or a tenant', async () => {
      const [{ calls }] = instances();
      const tenant = unique();
      const rules = { ...RULES, perUser: { calls: 10, bytes: 20 }, perTenant: { calls: 10, bytes: 30 } };
      const end = async (call: CallKey): Promise<unknown> => {
        await calls.begin(call, 'holder', rules);
        assert.equal(await calls.finish(call, 'holder', 'x'.repeat(15), rules), true);
        return calls.begin(call, 'second', rules);
      };
      const kept = { state: 'ended', outcome: 'x'.repeat(15) };
      const lost = { state: 'ended', outcome: null };
      const [first, second] = [newCall({ tenant }), newCall({ tenant })];
      assert.deepEqual([await end(first), await end({ ...first, id: unique() })], [kept, lost]);
      assert.deepEqual([await end(second), await end(newCall({ tenant }))], [kept, lost]);
    });
  });
}
