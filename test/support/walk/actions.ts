import fc from 'fast-check';
import { actionOf } from './action-of.js';
import { walkCall } from './walk-call.js';
import { walkContent } from './walk-content.js';
import { LOADS } from './consumers.js';
import { PAGE_EVENTS } from './fake-page.js';
import { TOKENS, USERS } from './token-source.js';
import { CHANNELS, type Walk } from './walk.js';

const channel = fc.constantFrom(...CHANNELS);

/** Invalid frames that no server should send. */
const GARBAGE = [
  'null',
  '7',
  '{"type":"__proto__"}',
  '{"type":"event","channel":7}',
  '{"type":"event","channel":"room:one","id":7,"timestamp":"","data":1}',
  '{"type":"subscribed","channel":"__proto__","timestamp":""}',
  'not JSON',
];

/** Failing kinds of tokens. */
const FAILING = ['refused', 'rejects', 'hangs'] as const;

const REQUESTS = ['ping', 'hurried', 'aborted', 'stats'] as const;

/** Reconnect delays that a server asks for, in milliseconds. */
const ASKED_WAITS = [-5, 0, 3_000, 2.5e9];

/** Possible actions of a step; `weight` is their relative frequency. */
export const action = fc.oneof(
  actionOf(4, { what: 'publish', channel, count: fc.integer({ min: 1, max: 40 }) }),
  actionOf(4, { what: 'use', channel, isResuming: fc.boolean(), last: fc.constantFrom(undefined, 1, 5, 100) }),
  actionOf(3, { what: 'leave', channel }),
  actionOf(1, { what: 'visit', name: fc.constantFrom('room:a', 'room:b', 'room:c') }),
  actionOf(2, { what: 'iterate', channel }),
  actionOf(1, { what: 'iterate and close', channel }),
  actionOf(2, { what: 'stop iterating', channel }),
  actionOf(2, { what: 'follow', channel }),
  actionOf(1, { what: 'load', how: fc.constantFrom(...LOADS) }),
  actionOf(3, { what: 'token', token: fc.constantFrom(...TOKENS) }),
  actionOf(6, {
    what: 'sign in',
    who: fc.constantFrom(...USERS),
    token: fc.constantFrom('good' as const, 'short' as const, 'short' as const, 'slow' as const),
    next: fc.constantFrom(undefined, undefined, ...FAILING),
  }),
  actionOf(1, { what: 'sign in twice', who: fc.constantFrom(...USERS) }),
  actionOf(2, { what: 'sign in wrongly', who: fc.constantFrom(...USERS), token: fc.constantFrom(...FAILING) }),
  actionOf(8, { what: 'heal', isConnecting: fc.boolean() }),
  actionOf(2, { what: 'sign out' }),
  actionOf(2, { what: 'become', who: fc.constantFrom(...USERS) }),
  actionOf(3, { what: 'connect' }),
  actionOf(2, { what: 'close' }),
  actionOf(2, { what: 'wake' }),
  actionOf(2, {
    what: 'request',
    way: fc.constantFrom(...REQUESTS),
    during: fc.constantFrom('calm', 'cut', 'silence'),
  }),
  actionOf(2, { what: 'overload', channel, isCut: fc.boolean() }),
  actionOf(1, { what: 'resync', channel }),
  actionOf(3, { what: 'cut' }),
  actionOf(1, { what: 'flap', who: fc.constantFrom(...USERS), next: fc.constantFrom(undefined, 'refused' as const) }),
  actionOf(2, { what: 'silence' }),
  actionOf(2, { what: 'down' }),
  actionOf(2, { what: 'up' }),
  actionOf(2, {
    what: 'hang',
    how: fc.constantFrom('at once' as const, 'after connected' as const, 'after authenticated' as const),
  }),
  actionOf(1, { what: 'reconnect', afterMs: fc.constantFrom(...ASKED_WAITS) }),
  actionOf(1, { what: 'garbage', text: fc.constantFrom(...GARBAGE) }),
  actionOf(2, { what: 'code', code: fc.constantFrom(1009, 1012, 4400, 4401, 4403) }),
  actionOf(2, { what: 'forget', channel }),
  actionOf(1, { what: 'refuse', channel }),
  actionOf(1, { what: 'allow' }),
  actionOf(1, { what: 'revoke', channel }),
  actionOf(1, { what: 'unavailable', channel }),
  actionOf(1, { what: 'presence', channel }),
  actionOf(3, { what: 'page', event: fc.constantFrom(...PAGE_EVENTS) }),
  actionOf(6, { what: 'call', call: walkCall(CHANNELS) }),
  actionOf(20, { what: 'content', content: walkContent }),
  actionOf(1, { what: 'forget calls' }),
  actionOf(3, { what: 'slow', ms: fc.constantFrom(0, 50, 5_000) }),
);
export type Action = typeof action extends fc.Arbitrary<infer D> ? D : never;

/** Runs an action. */
export async function act(walk: Walk, to: Action): Promise<void> {
  const { server, client, tokens, consumers } = walk;
  switch (to.what) {
    case 'publish':
      return walk.publish(to.channel, to.count);
    case 'overload':
      walk.watch.slowMs = 50;
      return walk.publish(to.channel, 35, () => to.isCut && server.cut());
    case 'resync':
      return walk.resync(to.channel);
    case 'use':
      return walk.use(to.channel, to.isResuming, to.last);
    case 'leave':
      return walk.leave(to.channel);
    case 'visit':
      return walk.visit(to.name);
    case 'iterate':
      return consumers.iterate(to.channel);
    case 'iterate and close':
      walk.watch.ambush = () => walk.close();
      return consumers.iterate(to.channel);
    case 'stop iterating':
      return consumers.stopIterating(to.channel);
    case 'follow':
      return consumers.toggleFollowing(to.channel);
    case 'load':
      consumers.load = to.how;
      return;
    case 'token':
      tokens.kind = to.token;
      return walk.expectAnyone();
    case 'sign in':
      tokens.become(to.token, to.next);
      return walk.reauthenticate(to.who);
    case 'sign in twice':
      tokens.kind = 'slow';
      return walk.reauthenticateTwice(to.who);
    case 'sign in wrongly':
      walk.resync('room:two'); // makes a follower load
      await Promise.resolve();
      tokens.kind = to.token;
      return walk.reauthenticate(to.who);
    case 'become': // the next token belongs to this user
      tokens.who = to.who;
      return walk.expectAnyone();
    case 'heal':
      walk.heal();
      walk.fire('online');
      return to.isConnecting ? walk.connect() : walk.fire('pageshow');
    case 'sign out':
      tokens.kind = 'none';
      return walk.reauthenticate();
    case 'connect':
      return walk.connect();
    case 'close':
      return walk.close();
    case 'wake':
      return walk.wake();
    case 'request':
      if (to.during === 'silence') walk.silence();
      consumers.request(to.way);
      return to.during === 'cut' ? server.cut() : undefined;
    case 'cut':
      return server.cut();
    case 'flap':
      tokens.become('short', to.next);
      walk.reauthenticate(to.who);
      return walk.flap();
    case 'silence':
      return walk.silence();
    case 'down':
      server.isDown = true;
      return server.cut();
    case 'up':
      server.isDown = false;
      walk.hanging = 'no';
      return;
    case 'hang':
      walk.hanging = to.how;
      return server.cut();
    case 'reconnect':
      server.send({ type: 'reconnect', afterMs: to.afterMs } as never);
      return server.close(1012);
    case 'garbage':
      for (const connection of server.open) connection.sendText(to.text);
      return;
    case 'code':
      return server.close(to.code);
    case 'forget':
      server.forget(to.channel);
      return server.cut();
    case 'refuse':
      return walk.refuse(to.channel);
    case 'allow':
      walk.refused.clear();
      return client.channel<string>('room:one').retry();
    case 'revoke':
      return walk.unsubscribe(to.channel, 'access_revoked');
    case 'unavailable':
      return walk.unsubscribe(to.channel, 'unavailable');
    case 'presence':
      for (const connection of server.open) {
        if (!connection.subscriptions.has(to.channel)) continue;
        connection.send({ type: 'presence', channel: to.channel, members: [], count: 1 });
      }
      return;
    case 'content':
      return walk.change(to.content);
    case 'call':
      return walk.call(to.call);
    case 'forget calls':
      server.forgetCalls();
      return server.cut();
    case 'page':
      return walk.fire(to.event);
    case 'slow':
      walk.watch.slowMs = to.ms;
  }
}
