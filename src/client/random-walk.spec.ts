import { jest } from '@jest/globals';
import fc from 'fast-check';
import { pass } from '../../test/support/virtual-client.js';
import { CHANNELS, TOKENS, USERS, Walk } from '../../test/support/walk.js';

/** `npm run walk` sets it: how long to walk, in minutes. A failure prints a seed; `WALK_SEED` repeats it. */
const MINUTES = Number(process.env['WALK_MINUTES'] ?? 0);
const SEED = Number(process.env['WALK_SEED'] ?? 20_240_611);

const channel = fc.constantFrom(...CHANNELS);

/** What happens in one step; `in a listener`: it happens inside the next listener that is called. */
const deed = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ what: fc.constant('publish' as const), channel, count: fc.integer({ min: 1, max: 40 }) }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ what: fc.constantFrom('use' as const, 'leave' as const, 'iterate' as const), channel }),
  },
  { weight: 3, arbitrary: fc.record({ what: fc.constant('token' as const), token: fc.constantFrom(...TOKENS) }) },
  { weight: 3, arbitrary: fc.record({ what: fc.constant('sign in' as const), who: fc.constantFrom(...USERS) }) },
  { weight: 2, arbitrary: fc.record({ what: fc.constant('sign out' as const) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      what: fc.constantFrom('connect' as const, 'close' as const, 'wake' as const, 'request' as const),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      what: fc.constantFrom(
        'cut' as const,
        'silence' as const,
        'down' as const,
        'up' as const,
        'hang' as const,
        'reconnect' as const,
        'garbage' as const,
      ),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ what: fc.constant('code' as const), code: fc.constantFrom(1009, 1012, 4400, 4401, 4403) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      what: fc.constantFrom('forget' as const, 'refuse' as const, 'revoke' as const, 'unavailable' as const),
      channel,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      what: fc.constant('page' as const),
      event: fc.constantFrom(
        'offline' as const,
        'online' as const,
        'pagehide' as const,
        'pageshow' as const,
        'resume' as const,
      ),
    }),
  },
  { weight: 3, arbitrary: fc.record({ what: fc.constant('slow' as const), ms: fc.constantFrom(0, 50, 5_000) }) },
);
type Deed = typeof deed extends fc.Arbitrary<infer D> ? D : never;

const step = fc.record({
  deed,
  inListener: fc.boolean(),
  thenMs: fc.oneof(
    fc.constantFrom(0, 0, 1, 10, 300),
    fc.integer({ min: 0, max: 5_000 }),
    fc.integer({ min: 0, max: 60_000 }),
  ),
});

async function act(walk: Walk, to: Deed): Promise<void> {
  const { server, client } = walk;
  switch (to.what) {
    case 'publish':
      return walk.publish(to.channel, to.count);
    case 'use':
      return walk.use(to.channel);
    case 'leave':
      return walk.leave(to.channel);
    case 'iterate':
      return walk.iterate(to.channel);
    case 'token':
      return walk.giveToken(to.token);
    case 'sign in':
      walk.giveToken('good');
      return walk.reauthenticate(to.who);
    case 'sign out':
      walk.giveToken('none');
      return walk.reauthenticate();
    case 'connect':
      walk.asks();
      return client.connect();
    case 'close':
      return client.close();
    case 'wake':
      walk.asks();
      return client.wake();
    case 'request':
      return void client.request({ type: 'ping' }).catch(() => undefined);
    case 'cut':
      return server.cut();
    case 'silence':
      return server.silence();
    case 'down':
      server.isDown = true;
      return server.cut();
    case 'up':
      server.isDown = walk.isHanging = false;
      return;
    case 'hang':
      walk.isHanging = true;
      return;
    case 'reconnect':
      return server.send({ type: 'reconnect', afterMs: -5 } as never);
    case 'garbage':
      return server.send({ type: 'event', channel: 7 } as never);
    case 'code':
      return server.close(to.code);
    case 'forget':
      server.forget(to.channel);
      return server.cut();
    case 'refuse':
      walk.refused.add(to.channel);
      return;
    case 'revoke':
    case 'unavailable':
      for (const connection of server.open) {
        if (!connection.subscriptions.delete(to.channel)) continue;
        const reason = to.what === 'revoke' ? 'access_revoked' : 'unavailable';
        connection.send({ type: 'unsubscribed', channel: to.channel, reason });
      }
      return;
    case 'page':
      return walk.fire(to.event);
    case 'slow':
      walk.slowMs = to.ms;
  }
}

/** A repeatable `Math.random`. */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

async function walkThrough(
  steps: readonly { deed: Deed; inListener: boolean; thenMs: number }[],
  seed: number,
): Promise<void> {
  jest.useFakeTimers();
  jest.spyOn(Math, 'random').mockImplementation(randomOf(seed));
  try {
    const walk = new Walk();
    walk.use('room:one');
    walk.use('room:two');
    await pass(100);
    for (const each of steps) {
      for (const name of CHANNELS) await walk.publish(name, 1);
      if (walk.client.state === 'closed' && each.thenMs % 2 === 0) {
        walk.asks();
        walk.giveToken('good');
        walk.client.connect();
      }
      if (each.inListener) walk.ambush = () => void act(walk, each.deed);
      else await act(walk, each.deed);
      await pass(each.thenMs);
    }
    await walk.recover();
    await walk.end();
    expect([...new Set(walk.problems)]).toEqual([]);
  } finally {
    jest.useRealTimers();
    jest.restoreAllMocks();
  }
}

/** @returns what went wrong, with the seed and the shortest walk that shows it */
async function walks(numRuns: number, seed: number): Promise<string | undefined> {
  const steps = fc.array(step, { minLength: 1, maxLength: 60, size: 'max' });
  return fc.defaultReportMessage(await fc.check(fc.asyncProperty(steps, fc.integer(), walkThrough), { numRuns, seed }));
}

describe('a random walk over the client', () => {
  it(
    'finds no stuck state, no loop, no event of another user, no lost event and no timer that is left',
    async () => {
      const endAt = performance.now() + MINUTES * 60_000;
      let seed = SEED;
      let failure = await walks(60, seed);
      while (failure === undefined && performance.now() < endAt) failure = await walks(200, (seed += 1));
      expect(failure).toBeUndefined();
    },
    MINUTES * 120_000 + 60_000,
  );
});
