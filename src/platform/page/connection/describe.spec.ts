import type { StateChange } from '../../../client/index.js';
import { describeConnection, describeReturn, describeWait } from './describe.js';

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

it('counts the seconds until the next attempt', () => {
  const waiting = change('waiting', 2_500);
  expect([10_000, 11_000, 12_499, 12_500, 60_000].map((now) => describeWait(waiting, 10_000, now))).toEqual([
    ', next attempt in 3 s',
    ', next attempt in 2 s',
    ', next attempt in 1 s',
    '',
    '',
  ]);
  expect(describeWait(change('connected'), 10_000, 10_000)).toBe('');
});

it('tells whether anything was missed', () => {
  expect(describeReturn({ awayMs: 300, resumed: 22, missed: 0 })).toBe(
    'Back after 1 s: 22 channels resumed, nothing missed',
  );
  expect(describeReturn({ awayMs: 61_400, resumed: 20, missed: 2 })).toBe(
    'Back after 61 s: events were missed on 2 of 22 channels, and the lists loaded again',
  );
});
