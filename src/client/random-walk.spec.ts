import { pass } from '../../test/support/virtual-client.js';
import { act, action, type Action } from '../../test/support/walk/actions.js';
import { end, recover } from '../../test/support/walk/recovery.js';
import { MINUTES, walkAtRandom, type Step } from '../../test/support/walk/run.js';
import { CHANNELS, Walk } from '../../test/support/walk/walk.js';

async function walkThrough(steps: readonly Step<Action>[]): Promise<readonly string[]> {
  const walk = new Walk();
  walk.use('room:one', false);
  walk.use('room:two', false);
  walk.contentWatch.useAll();
  walk.consumers.toggleFollowing('room:two');
  walk.consumers.iterate('room:two');
  await pass(100);
  for (const each of steps) {
    for (const name of CHANNELS) await walk.publish(name, 1);
    if (walk.client.state === 'closed' && each.thenMs % 2 === 0) {
      walk.tokens.kind = 'good';
      walk.connect();
    }
    if (each.inListener) walk.watch.ambush = () => void act(walk, each.action);
    else await act(walk, each.action);
    await pass(each.thenMs);
    walk.check();
  }
  await recover(walk);
  await end(walk);
  return walk.problems;
}

describe('a random walk over the client', () => {
  it(
    'finds no stuck state, no loop, no event of another user, no lost event and no leaked timer',
    async () => {
      const failure = await walkAtRandom(action, { name: 'client', seed: 20_240_611, runs: 120 }, MINUTES, walkThrough);
      expect(failure).toBeUndefined();
    },
    MINUTES * 120_000 + 60_000,
  );
});
