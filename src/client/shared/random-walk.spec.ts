import fc from 'fast-check';
import { pass } from '../../../test/support/virtual-client.js';
import { actionOf } from '../../../test/support/walk/action-of.js';
import { walkContent } from '../../../test/support/walk/walk-content.js';
import { walkCall } from '../../../test/support/walk/walk-call.js';
import { MINUTES, walkAtRandom, type Step } from '../../../test/support/walk/run.js';
import { CHANNELS, TabWalk } from '../../../test/support/walk/tab-walk.js';

const index = fc.nat(3);
const channel = fc.constantFrom(...CHANNELS);

const action = fc.oneof(
  actionOf(4, { what: 'open', kind: fc.constantFrom('usual' as const, 'usual' as const, 'stranger' as const) }),
  actionOf(1, { what: 'open', kind: fc.constantFrom('locks' as const, 'BroadcastChannel' as const) }),
  actionOf(2, { what: 'close', index }),
  actionOf(2, { what: 'kill', index }),
  actionOf(2, { what: 'freeze', index }),
  actionOf(2, { what: 'thaw' }),
  actionOf(3, { what: 'sign', index, who: fc.constantFrom('ada', 'grace', null) }),
  actionOf(2, { what: 'use', index, channel }),
  actionOf(2, { what: 'leave', index, channel }),
  actionOf(2, { what: 'slow', index, ms: fc.constantFrom(0, 5_000) }),
  actionOf(3, { what: 'publish', channel, count: fc.integer({ min: 1, max: 40 }) }),
  actionOf(2, { what: 'cut' }),
  actionOf(1, { what: 'silence' }),
  actionOf(1, { what: 'down' }),
  actionOf(2, { what: 'up' }),
  actionOf(1, { what: 'forget', channel }),
  actionOf(5, { what: 'call', index, call: walkCall(CHANNELS) }),
  actionOf(20, { what: 'content', index, content: walkContent }),
);
type Action = typeof action extends fc.Arbitrary<infer D> ? D : never;

async function act(walk: TabWalk, to: Action): Promise<void> {
  const { server } = walk;
  switch (to.what) {
    case 'open':
      return walk.open(to.kind);
    case 'close':
      return walk.close(to.index);
    case 'kill':
      return walk.kill(to.index);
    case 'freeze':
      return walk.freeze(to.index);
    case 'thaw':
      return walk.thaw();
    case 'sign':
      return walk.sign(to.index, to.who);
    case 'use':
      return walk.use(to.index, to.channel);
    case 'leave':
      return walk.leave(to.index, to.channel);
    case 'slow':
      return walk.slow(to.index, to.ms);
    case 'publish':
      return walk.publish(to.channel, to.count);
    case 'call':
      return walk.call(to.index, to.call);
    case 'content':
      return walk.change(to.index, to.content);
    case 'cut':
      return server.cut();
    case 'silence':
      return walk.silence();
    case 'down':
      server.isDown = true;
      return server.cut();
    case 'up':
      server.isDown = false;
      return;
    case 'forget':
      server.forget(to.channel);
      return server.cut();
  }
}

async function walkThrough(steps: readonly Step<Action>[]): Promise<readonly string[]> {
  const walk = new TabWalk();
  walk.open('usual');
  walk.open('usual');
  await pass(100);
  for (const each of steps) {
    for (const name of CHANNELS) await walk.publish(name, 1);
    await act(walk, each.action);
    await pass(each.thenMs);
    walk.check();
  }
  await walk.recover();
  await walk.end();
  return walk.problems;
}

describe('a random walk over tabs that share a connection', () => {
  it(
    'finds no stuck tab, no loop, no event of another user, no lost event and no leak',
    async () => {
      const failure = await walkAtRandom(action, { name: 'tabs', seed: 20_240_612, runs: 150 }, MINUTES, walkThrough);
      expect(failure).toBeUndefined();
    },
    MINUTES * 120_000 + 60_000,
  );
});
