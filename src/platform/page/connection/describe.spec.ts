import type { StateChange } from '../../../client/index.js';
import { describeConnection, describeLoss, describeOutage, describeReturn, describeWait } from './describe.js';

const change = (state: StateChange['state'], retryInMs?: number): StateChange => ({
  state,
  previous: 'idle',
  code: 'connect',
  reason: 'no valid token',
  ...(retryInMs !== undefined && { retryInMs }),
});

it.each([
  ['idle', 'Not connected'],
  ['connecting', 'Connecting…'],
  ['connected', 'Connected'],
  ['waiting', 'Connection lost'],
  ['paused', 'Offline'],
  ['closed', 'Disconnected: no valid token'],
] as const)('describes %s as %s', (state, expected) => expect(describeConnection(change(state))).toBe(expected));

it('gives the reason of a lost connection only if there is one', () => {
  expect(describeLoss({ code: 'silent', reason: 'no heartbeat' })).toBe('Connection lost: no heartbeat');
  expect(describeLoss({ code: 'lost', reason: 'lost' })).toBe('Connection lost');
  expect(describeConnection({ ...change('closed'), code: 'close', reason: 'close' })).toBe('Disconnected');
});

it('counts the seconds until the next attempt', () => {
  const waiting = change('waiting', 2_500);
  expect([10_000, 11_000, 12_499, 12_500, 60_000].map((now) => describeWait(waiting, 10_000, now))).toEqual([
    ', retrying in 3 s',
    ', retrying in 2 s',
    ', retrying in 1 s',
    '',
    '',
  ]);
  expect(describeWait(change('connected'), 10_000, 10_000)).toBe('');
});

it('counts the seconds of an outage', () => {
  expect([0, 9_001, 10_500].map((now) => describeOutage(10_000, now))).toEqual([
    ...[', back in 10 s', ', back in 1 s', ', back in 1 s'],
  ]);
});

it('says whether events were missed', () => {
  const resumed = { awayMs: 300, resumed: 22, missed: 0, recovered: 0 };
  expect(describeReturn(resumed)).toBe('Resumed after 1 s, no events missed');
  expect(describeReturn({ ...resumed, awayMs: 9_900, recovered: 4 })).toBe('Resumed after 10 s, 4 events recovered');
  expect(describeReturn({ ...resumed, recovered: 1 })).toBe('Resumed after 1 s, 1 event recovered');
  expect(describeReturn({ awayMs: 61_400, resumed: 20, missed: 2, recovered: 7 })).toBe(
    'Reconnected after 61 s: events were missed on 2 of 22 channels, so the lists were reloaded',
  );
});
