import assert from 'node:assert/strict';
import { ANONYMOUS, type Backend, type MemberData } from '../../realtime/index.js';
import type { Instances } from './describe-stores.js';
import type { TestRunner } from './test-runner.js';

/** Tests the guarantees of a `PresenceStore`. */
export function describePresence({ describe, it }: TestRunner, instances: Instances): void {
  describe('guarantees of a presence store', () => {
    let topics = 0;
    const newTopic = (): string => `rooms:suite${(topics += 1)}-${Math.random().toString(36).slice(2)}`;
    const write = async (backend: Backend, topic: string, counts: Record<string, number | null>): Promise<void> => {
      await backend.directory.announce('here');
      await backend.presence.write(topic, new Map(Object.entries(counts)), new Map());
    };
    const read = async ({ presence }: Backend, topic: string): Promise<object> => {
      const { members, anonymous, own } = await presence.read(topic);
      const sorted = (counts: ReadonlyMap<string, number>): object =>
        [...counts].toSorted(([a], [b]) => (a < b ? -1 : 1));
      return { members: sorted(members), anonymous, own: sorted(own) };
    };

    it('is empty for a topic that no instance wrote', async () => {
      const [one] = instances();
      const topic = newTopic();
      assert.deepEqual(await read(one, topic), { members: [], anonymous: 0, own: [] });
      assert.equal(await one.presence.keep(topic), false);
    });

    it('keeps the last value of each user until it is removed', async () => {
      const [one] = instances();
      const topic = newTopic();
      await write(one, topic, { u1: 1, u2: 1 });
      await write(one, topic, { u1: 3 });
      const both = [
        ['u1', 3],
        ['u2', 1],
      ];
      assert.deepEqual(await read(one, topic), { members: both, anonymous: 0, own: both });
      assert.equal(await one.presence.keep(topic), true);
      await write(one, topic, { u1: null, u2: null, u7: null });
      assert.deepEqual(await read(one, topic), { members: [], anonymous: 0, own: [] });
      assert.equal(await one.presence.keep(topic), false);
    });

    it('counts anonymous connections separately, and a user within the grace period as present', async () => {
      const [one] = instances();
      const topic = newTopic();
      await write(one, topic, { [ANONYMOUS]: 4, u1: 0 });
      assert.deepEqual(await read(one, topic), {
        members: [['u1', 1]],
        anonymous: 4,
        own: [
          ['', 4],
          ['u1', 0],
        ],
      });
    });

    it('keeps topics apart, and accepts any user id', async () => {
      const [one] = instances();
      const [topic, other] = [newTopic(), newTopic()];
      const ids = ['a:b', ':', '{x}', '__proto__', 'ü ✓', '0', 'x'.repeat(190)];
      await one.directory.announce('here');
      await one.presence.write(topic, new Map(ids.map((id) => [id, 1])), new Map());
      await write(one, other, { u1: 1 });
      assert.deepEqual([...(await one.presence.read(topic)).members.keys()].toSorted(), ids.toSorted());
      assert.deepEqual([...(await one.presence.read(other)).members.keys()], ['u1']);
    });

    it('keeps the info and state of each user with the last value', async () => {
      const [one] = instances();
      const topic = newTopic();
      const data = (text: string, at: number): MemberData => ({
        info: { json: '"Ann"', at: 1 },
        state: { json: text, at },
      });
      await one.directory.announce('here');
      const counts = new Map([
        ['u1', 1],
        ['u2', 1],
      ]);
      await one.presence.write(topic, counts, new Map([['u1', data('{"a":"\\u0000 ü"}', 5)]]));
      const present = await one.presence.read(topic);
      assert.deepEqual([...(present.data ?? [])], [['u1', data('{"a":"\\u0000 ü"}', 5)]]);
      assert.deepEqual(present.ownData, present.data);
      await one.presence.write(topic, counts, new Map([['u2', data('2', 6)]]));
      assert.deepEqual([...((await one.presence.read(topic)).data ?? [])], [['u2', data('2', 6)]]);
      await one.presence.write(topic, new Map([['u2', null]]), new Map());
      assert.deepEqual((await one.presence.read(topic)).data?.size, 0);
    });

    it('returns what was set last on any instance, and to each what it wrote', async () => {
      const [one, two] = instances();
      if (two === null) return;
      const topic = newTopic();
      const state = (json: string, at: number) => new Map([['u1', { info: null, state: { json, at } }]]);
      for (const { directory } of [one, two]) await directory.announce('here');
      await one.presence.write(topic, new Map([['u1', 1]]), state('"later"', 9));
      await two.presence.write(topic, new Map([['u1', 1]]), state('"earlier"', 3));
      for (const { presence } of [one, two]) {
        assert.deepEqual((await presence.read(topic)).data, state('"later"', 9));
      }
      assert.deepEqual((await two.presence.read(topic)).ownData, state('"earlier"', 3));
    });

    it('stores thousands of users at once', async () => {
      const [one] = instances();
      const topic = newTopic();
      const many = new Map(Array.from({ length: 5_000 }, (_, index) => [`u${index}`, 1 + (index % 3)]));
      await one.directory.announce('here');
      await one.presence.write(topic, many, new Map());
      assert.deepEqual((await one.presence.read(topic)).members, many);
    });

    it('adds up the values of all instances, and returns to each its own', async () => {
      const [one, two] = instances();
      if (two === null) return;
      const topic = newTopic();
      await write(one, topic, { u1: 2, u2: 1, u3: 0, [ANONYMOUS]: 1 });
      await write(two, topic, { u1: 1, u3: 2, [ANONYMOUS]: 2 });
      const members = [
        ['u1', 3],
        ['u2', 1],
        ['u3', 2],
      ];
      const own = [
        ['', 2],
        ['u1', 1],
        ['u3', 2],
      ];
      assert.deepEqual(await read(two, topic), { members, anonymous: 3, own });
    });
  });
}
