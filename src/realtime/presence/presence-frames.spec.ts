import type { ServerFrame } from '../../protocol/index.js';
import { diffFrames, memberText, presenceFrame, type ListedMember } from './presence-frames.js';

type Diff = Extract<ServerFrame, { type: 'presence_diff' }>;

const member = (userId: string, bytes = 0): ListedMember => ({
  ...{ userId, connections: 1 },
  ...(bytes > 0 && { data: { info: null, state: { json: JSON.stringify('x'.repeat(bytes)), at: 1 } } }),
});
const diffs = (changes: Partial<Parameters<typeof diffFrames>[1]>): Diff[] =>
  [...diffFrames('rooms:"1"', { joined: [], left: [], updated: [], ...changes })].map(
    (frame) => JSON.parse(frame.toString()) as Diff,
  );

it('a member has only the data that it has', () => {
  const data = { info: { json: '{"name":"Ann"}', at: 1 }, state: { json: 'false', at: 2 } };
  expect(JSON.parse(memberText({ userId: 'a"b', connections: 2, data }))).toEqual({
    ...{ userId: 'a"b', connections: 2, info: { name: 'Ann' }, state: false },
  });
  expect(memberText(member('ann'))).toBe('{"userId":"ann","connections":1}');
});

it('a list is a frame of the protocol', () => {
  expect(JSON.parse(presenceFrame('rooms:"1"', [memberText(member('ann'))], 7).toString())).toEqual({
    ...{ type: 'presence', channel: 'rooms:"1"', members: [{ userId: 'ann', connections: 1 }], count: 7 },
    timestamp: expect.stringMatching(/Z$/) as unknown,
  });
});

describe('changes', () => {
  it('are one frame, with `updated` only if there is one', () => {
    const [plain, ...none] = diffs({ joined: [member('ann')], left: [{ userId: 'bob', connections: 0 }] });
    expect(none).toEqual([]);
    expect(plain).toEqual({
      ...{ type: 'presence_diff', channel: 'rooms:"1"', joined: [{ userId: 'ann', connections: 1 }] },
      ...{ left: [{ userId: 'bob', connections: 0 }], timestamp: plain?.timestamp },
    });
    expect(diffs({ updated: [member('ann', 1)] })).toMatchObject([
      { joined: [], left: [], updated: [{ userId: 'ann', state: 'x' }] },
    ]);
    expect(diffs({})).toEqual([]);
  });

  it('are several frames if they are large, each member in one of them', () => {
    const joined = Array.from({ length: 500 }, (_, index) => member(`u${index}`, 1_000));
    const frames = diffs({ joined, left: [member('gone')] });
    expect(frames.length).toBeGreaterThan(3);
    expect(frames.flatMap((frame) => frame.joined.map(({ userId }) => userId))).toEqual(
      joined.map(({ userId }) => userId),
    );
    expect(frames.flatMap((frame) => frame.left)).toHaveLength(1);
    for (const frame of frames) expect(JSON.stringify(frame).length).toBeLessThan(132_000);
  });

  it('are several frames if there are many', () => {
    const left = Array.from({ length: 4_500 }, (_, index) => ({ userId: `${index}`, connections: 0 }));
    expect(diffs({ left }).map((frame) => frame.left.length)).toEqual([2_000, 2_000, 500]);
  });
});
