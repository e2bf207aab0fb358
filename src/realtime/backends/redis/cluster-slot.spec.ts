import { slotOf, tagOfSlot } from './cluster-slot.js';

describe('slotOf', () => {
  // Expected values are from CLUSTER KEYSLOT of Redis 7.
  it.each([
    ['123456789', 12_739],
    ['foo', 12_182],
    ['ü', 9_552],
    ['apps:created', 10_533],
  ])('maps %j to the same slot as Redis', (tag, slot) => expect(slotOf(tag)).toBe(slot));
});

describe('tagOfSlot', () => {
  it('finds one tag for all channels of a slot', () => {
    for (let index = 0; index < 2_000; index += 1) {
      const channel = `user:${index}`;
      expect(slotOf(String(tagOfSlot(channel)))).toBe(slotOf(channel));
    }
  });
});
