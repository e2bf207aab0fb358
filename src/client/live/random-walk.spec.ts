import fc from 'fast-check';
import { actionOf } from '../../../test/support/walk/action-of.js';
import { LiveWalk, RESOURCES } from '../../../test/support/walk/live-walk.js';
import { MINUTES, walkAtRandom, type Step } from '../../../test/support/walk/run.js';
import { pass } from '../../../test/support/virtual-client.js';

const name = fc.constantFrom(...RESOURCES);
const index = fc.nat(3);
const key = fc.constantFrom('a', 'b', '__proto__', 'c/d');
const path = key.map((card) => `/cards/${card.replace('/', '~1')}`);

const action = fc.oneof(
  actionOf(6, {
    what: 'patch',
    name,
    path,
    value: fc.oneof(fc.nat(9), fc.constant({ column: 'todo' }), fc.constant([])),
  }),
  actionOf(3, { what: 'patch inside', name, path, value: fc.nat(9) }),
  actionOf(3, { what: 'remove', name, path }),
  actionOf(2, { what: 'nothing', name }),
  actionOf(2, { what: 'many', name, count: fc.integer({ min: 2, max: 40 }) }),
  actionOf(3, { what: 'set', name, count: fc.nat(99) }),
  actionOf(1, { what: 'spoil', name }),
  actionOf(2, { what: 'forget', name }),
  actionOf(1, { what: 'reload', name }),
  actionOf(2, { what: 'fail', name }),
  actionOf(3, { what: 'use', index, name }),
  actionOf(3, { what: 'leave', index, name }),
  actionOf(3, { what: 'cut' }),
  actionOf(1, { what: 'down' }),
  actionOf(2, { what: 'up' }),
  actionOf(2, { what: 'WebSocket', passage: fc.constantFrom('open' as const, 'refused' as const) }),
  actionOf(1, { what: 'sign', who: fc.constantFrom('ada', 'grace') }),
  actionOf(1, { what: 'wake', index }),
);
type Action = typeof action extends fc.Arbitrary<infer D> ? D : never;

async function act(walk: LiveWalk, to: Action): Promise<void> {
  const { server } = walk;
  switch (to.what) {
    case 'patch':
      return walk.patch(to.name, { set: { [to.path]: to.value } });
    case 'patch inside':
      return walk.patch(to.name, { set: { [`${to.path}/inner`]: to.value, '/count': to.value } });
    case 'remove':
      return walk.patch(to.name, { remove: [to.path] });
    case 'nothing':
      return walk.patch(to.name, {});
    case 'many':
      for (let left = to.count; left > 0; left -= 1) await walk.patch(to.name, { set: { '/count': left } });
      return;
    case 'set':
      return walk.set(to.name, to.count);
    case 'spoil':
      return walk.spoil(to.name);
    case 'forget':
      return walk.forget(to.name);
    case 'reload':
      return server.states.reload(to.name);
    case 'fail':
      return server.states.fail(to.name);
    case 'use':
      return walk.use(to.index, to.name);
    case 'leave':
      return walk.leave(to.index, to.name);
    case 'cut':
      return server.cut();
    case 'down':
      server.isDown = true;
      return server.cut();
    case 'up':
      server.isDown = false;
      return;
    case 'WebSocket':
      walk.network.webSocket = to.passage;
      return;
    case 'sign':
      return walk.sign(to.who);
    case 'wake':
      return walk.wake(to.index);
  }
}

let compared = 0;

async function walkThrough(steps: readonly Step<Action>[]): Promise<readonly string[]> {
  const walk = new LiveWalk();
  await pass(100);
  for (const each of steps) {
    await act(walk, each.action);
    await pass(each.thenMs);
  }
  await walk.recover();
  await walk.end();
  compared += walk.compared;
  return walk.problems;
}

describe('a random walk over live resources, over a WebSocket, over a stream and in tabs', () => {
  it(
    'finds no state that differs from the state of the server at its position, and no leak',
    async () => {
      const failure = await walkAtRandom(action, { name: 'live', seed: 20_261_130, runs: 20 }, MINUTES, walkThrough);
      expect(failure).toBeUndefined();
      expect(compared).toBeGreaterThan(1_000);
    },
    MINUTES * 120_000 + 60_000,
  );
});
