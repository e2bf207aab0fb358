import { dateText, timeText } from './time.js';

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
