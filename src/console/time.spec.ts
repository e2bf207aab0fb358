import { ageText, dateText, timeText } from './time.js';

const local = (...parts: [number, number, number, number, number, number]): string => new Date(...parts).toISOString();
const NOW = new Date(2026, 10, 30, 12, 0, 0);

it('shows the time of today on a clock of 24 hours, and the day of any other time', () => {
  expect([
    timeText(local(2026, 10, 30, 19, 3, 27), NOW),
    timeText(local(2026, 10, 29, 19, 3, 27), NOW),
    timeText(local(2025, 10, 30, 0, 3, 27), NOW),
  ]).toEqual(['19:03:27', '29 Nov 19:03', '30 Nov 2025 00:03']);
  expect(dateText(local(2026, 10, 30, 19, 3, 27))).toBe('30 Nov 2026, 19:03:27');
});

it('shows how long ago a time was, and never less than nothing', () => {
  const ago = (seconds: number): string => ageText(new Date(NOW.getTime() - seconds * 1_000).toISOString(), NOW);
  expect([-5, 0, 59, 60, 3_599, 3_600, 86_399, 200_000].map(ago)).toEqual([
    ...['0 s ago', '0 s ago', '59 s ago', '1 min ago', '59 min ago', '1 h ago', '23 h ago', '2 d ago'],
  ]);
});
