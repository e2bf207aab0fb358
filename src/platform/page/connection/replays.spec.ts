import { Replays } from './replays.js';

const at = (second: number): string => new Date(Date.UTC(2026, 0, 1) + second * 1_000).toISOString();
const event = (channel: string, second: number) => ({ channel, timestamp: at(second) });

it('counts an event as replayed if it is older than the frame that resumed its channel', () => {
  const replays = new Replays();
  const frame = { type: 'subscribed', channel: 'apps:created', timestamp: at(10) };
  expect(replays.has(event('apps:created', 1))).toBe(false);
  replays.debug('sent', { ...frame, recovered: true });
  expect(replays.has(event('apps:created', 1))).toBe(false);
  replays.debug('received', frame); // the first subscription
  expect(replays.has(event('apps:created', 1))).toBe(false);
  replays.debug('received', { ...frame, recovered: true });
  expect([9, 10, 11].map((second) => replays.has(event('apps:created', second)))).toEqual([true, false, false]);
  expect(replays.has(event('apps:deleted', 9))).toBe(false);
  replays.debug('received', { ...frame, recovered: false });
  expect(replays.has(event('apps:created', 9))).toBe(false);
});
