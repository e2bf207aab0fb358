import { alignment } from './align.js';
import type { Snapshot } from './compose-state.js';

const snapshot = (offset: number, data: unknown, by = 'one'): Snapshot => ({
  ...{ position: { epoch: 'e', offset }, data, by, loadedAt: 0 },
});
/** Returns a function that brings a snapshot to the next of these offsets. */
const to = (...offsets: (number | null)[]) => {
  return (given: Snapshot): Promise<Snapshot | null> => {
    const offset = offsets.length > 1 ? offsets.shift()! : offsets[0]!;
    return Promise.resolve(offset === null ? null : { ...given, position: { epoch: 'e', offset } });
  };
};
const FILLER = 'f'.repeat(200);

describe('alignment', () => {
  it('is nothing between equal states', async () => {
    expect(await alignment(snapshot(1, { a: [1] }), snapshot(2, { a: [1] }, 'two'), to(5), 1_000)).toBe(null);
  });

  it('is the difference, with the position after which it holds and the id of the load', async () => {
    const [before, after] = [snapshot(1, { a: 1, f: FILLER }), snapshot(2, { a: 2, f: FILLER }, 'two')];
    expect(await alignment(before, after, to(5), 1_000)).toEqual({ after: 'e-5', by: 'two', set: { '/a': 2 } });
  });

  it('is the whole state if that is smaller', async () => {
    const before = snapshot(1, Object.fromEntries(Array.from({ length: 20 }, (_, index) => [`name${index}`, 1])));
    expect(await alignment(before, snapshot(2, { b: 2 }), to(5), 1_000)).toEqual({
      ...{ after: 'e-5', by: 'one', set: { '': { b: 2 } } },
    });
  });

  it('compares both states at the same position', async () => {
    // The loaded state is read at 5, the earlier one at 6, and then both at 7.
    const forward = to(5, 6, 7);
    expect(
      await alignment(snapshot(1, { a: 1, f: FILLER }), snapshot(2, { a: 2, f: FILLER }), forward, 1_000),
    ).toMatchObject({
      after: 'e-7',
    });
  });

  const [before, after] = [snapshot(1, { f: FILLER }), snapshot(2, { f: `${FILLER}2` })];
  let offset = 0;
  it.each([
    ['there is no earlier state', null, to(5), 1_000],
    ['the difference does not fit into an event', before, to(5), 100],
    ['events after the loaded state are not kept', before, to(null), 1_000],
    ['events after the earlier state are not kept', before, to(5, null), 1_000],
    ['an event comes between all reads', before, (one: Snapshot) => to((offset += 1))(one), 1_000],
  ])('sends the state to all clients if %s', async (_what, old, forward, maxBytes) => {
    expect(await alignment(old, after, forward, maxBytes)).toEqual({ reload: true, by: 'one' });
  });

  it('counts bytes of UTF-8', async () => {
    const wide = snapshot(2, { f: FILLER, w: 'ä'.repeat(60) });
    expect(await alignment(before, wide, to(5), 150)).toEqual({ reload: true, by: 'one' });
    expect(await alignment(before, wide, to(5), 200)).toMatchObject({ set: { '/w': 'ä'.repeat(60) } });
  });
});
