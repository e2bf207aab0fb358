import fc from 'fast-check';
import { pass } from '../../../test/support/virtual-client.js';
import { actionOf } from '../../../test/support/walk/action-of.js';
import { CHANNELS, NetworkWalk } from '../../../test/support/walk/network-walk.js';
import { walkContent } from '../../../test/support/walk/walk-content.js';
import { walkCall } from '../../../test/support/walk/walk-call.js';
import { MINUTES, walkAtRandom, type Step } from '../../../test/support/walk/run.js';

const channel = fc.constantFrom(...CHANNELS);
const passage = fc.constantFrom('open' as const, 'open' as const, 'refused' as const, 'silent' as const);

const action = fc.oneof(
  actionOf(4, { what: 'publish', channel, count: fc.integer({ min: 1, max: 40 }) }),
  actionOf(6, { what: 'WebSocket', passage }),
  actionOf(3, { what: 'stream', passage }),
  actionOf(2, { what: 'network', passage }),
  actionOf(2, { what: 'answer late' }),
  actionOf(3, { what: 'cut' }),
  actionOf(2, { what: 'cut streams' }),
  actionOf(1, { what: 'silence' }),
  actionOf(1, { what: 'down' }),
  actionOf(2, { what: 'up' }),
  actionOf(1, { what: 'busy', method: fc.constantFrom('GET', 'POST'), status: fc.constantFrom(404, 429, 503) }),
  actionOf(1, { what: 'code', code: fc.constantFrom(1012, 4401, 4403) }),
  actionOf(1, { what: 'reconnect', afterMs: fc.constantFrom(0, 3_000) }),
  actionOf(1, { what: 'forget', channel }),
  actionOf(2, { what: 'sign', who: fc.constantFrom('ada', 'grace', null) }),
  actionOf(2, { what: 'use', channel }),
  actionOf(2, { what: 'leave', channel }),
  actionOf(2, { what: 'slow', ms: fc.constantFrom(0, 5_000) }),
  actionOf(2, { what: 'connect' }),
  actionOf(1, { what: 'close' }),
  actionOf(2, { what: 'wake' }),
  actionOf(5, { what: 'call', call: walkCall(CHANNELS) }),
  actionOf(20, { what: 'content', content: walkContent }),
);
type Action = typeof action extends fc.Arbitrary<infer D> ? D : never;

async function act(walk: NetworkWalk, to: Action): Promise<void> {
  const { server, network, client } = walk;
  switch (to.what) {
    case 'publish':
      return walk.publish(to.channel, to.count);
    case 'WebSocket':
      network.webSocket = to.passage;
      return;
    case 'stream':
      network.stream = to.passage;
      return;
    case 'network':
      network.all = to.passage;
      return;
    case 'answer late':
      return network.answerLate();
    case 'content':
      return walk.change(to.content);
    case 'cut':
      return server.cut();
    case 'cut streams':
      return network.cutStreams();
    case 'silence':
      return server.silence();
    case 'down':
      server.isDown = true;
      return server.cut();
    case 'up':
      server.isDown = false;
      return;
    case 'busy':
      network.statuses.push({ method: to.method, status: to.status, retryAfter: '3' });
      return;
    case 'code':
      return server.close(to.code);
    case 'reconnect':
      server.send({ type: 'reconnect', afterMs: to.afterMs } as never);
      return server.close(1012);
    case 'forget':
      server.forget(to.channel);
      return server.cut();
    case 'sign':
      return walk.sign(to.who);
    case 'use':
      return walk.use(to.channel);
    case 'leave':
      return walk.leave(to.channel);
    case 'slow':
      return walk.slow(to.ms);
    case 'connect':
      return walk.connect();
    case 'close':
      return client.close();
    case 'wake':
      return client.wake();
    case 'call':
      return walk.calls.call(to.call, () => undefined);
  }
}

async function walkThrough(steps: readonly Step<Action>[]): Promise<readonly string[]> {
  const walk = new NetworkWalk();
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

describe('a random walk over a client that can stream', () => {
  it(
    'finds no stuck transport, no lost event, no repeated event and no leak',
    async () => {
      const failure = await walkAtRandom(
        action,
        { name: 'streams', seed: 20_261_130, runs: 100 },
        MINUTES,
        walkThrough,
      );
      expect(failure).toBeUndefined();
    },
    MINUTES * 120_000 + 60_000,
  );
});
