import { durationText, relativeText } from './duration.js';

it.each([
  [0, '0 ms'],
  [0.46, '0.5 ms'],
  [9.94, '9.9 ms'],
  [10.4, '10 ms'],
  [-999, '999 ms'],
  [1_000, '1 s'],
  [9_990, '9.9 s'],
  [10_900, '10 s'],
  [59_999, '59 s'],
  [60_000, '1 min'],
  [3_600_000, '1 h'],
  [86_400_000, '1 day'],
  [1.5 * 86_400_000, '1.5 days'],
  [10 * 86_400_000, '10 days'],
])('%s ms is %s', (ms, text) => expect(durationText(ms)).toBe(text));

it('a time is before or after now', () => {
  expect(relativeText(61_000, 1_000)).toBe('in 1 min');
  expect(relativeText(1_000, 1_000)).toBe('in 0 ms');
  expect(relativeText(1_000, 61_000)).toBe('1 min ago');
});
