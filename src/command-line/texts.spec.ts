import { durationText, relativeText } from './duration.js';
import { eventLine, resetLine } from './event-line.js';
import { createNotices } from './notices.js';

describe('durations', () => {
  it.each([
    [0, '0 ms'],
    [1.234, '1.2 ms'],
    [12.6, '13 ms'],
    [-1_500, '1.5 s'],
    [59_999, '59 s'],
    [3_599_000, '59 min'],
    [3_600_000, '1 h'],
    [86_400_000, '1 day'],
    [31_536_000_000, '365 days'],
  ])('%s ms is %s', (ms, text) => {
    expect(durationText(ms)).toBe(text);
  });

  it('are relative to a time', () => {
    expect([relativeText(5_000, 0), relativeText(0, 5_000)]).toEqual(['in 5 s', '5 s ago']);
  });
});

describe('the line of an event', () => {
  const event = { channel: 'apps:created', id: 'e-1', timestamp: '2026-01-01T00:00:00.000Z', data: { a: 1 } };

  it('has time, channel, id and data', () => {
    expect(eventLine(event, false)).toBe('2026-01-01T00:00:00.000Z apps:created e-1 {"a":1}\n');
    expect(eventLine({ ...event, id: undefined }, false)).toBe('2026-01-01T00:00:00.000Z apps:created - {"a":1}\n');
  });

  it('is a frame with --json', () => {
    expect(JSON.parse(eventLine(event, true))).toEqual({ type: 'event', ...event });
    expect(JSON.parse(resetLine({ channel: 'c', reason: 'expired' }))).toEqual({
      type: 'resync',
      channel: 'c',
      reason: 'expired',
    });
  });

  it.each(['\u001B[2J', '\u009B31m', '\u007F', '\u2028', '\u202Etxt', 'a\r\nb'])(
    'cannot change the terminal: %j',
    (text) => {
      for (const isJson of [true, false]) {
        const line = eventLine({ ...event, data: { text } }, isJson);
        expect(line).toMatch(/^[\u0020-\u007E]*\n$/);
        expect(JSON.parse(line.slice(line.indexOf('{')))).toMatchObject(isJson ? { data: { text } } : { text });
      }
    },
  );

  it('keeps letters and emoji', () => {
    expect(eventLine({ ...event, data: 'Zoë 👩‍🚀 日本' }, false)).toContain('"Zoë 👩‍🚀 日本"');
  });
});

describe('notices', () => {
  it('about several channels become one, before the next message', () => {
    const written: string[] = [];
    const notices = createNotices((text) => written.push(text));
    notices.about('subscribed', 'a');
    notices.about('recovered', 'b');
    notices.about('subscribed', 'c');
    notices.about('subscribed', 'a');
    notices.say('disconnected');
    notices.about('subscribed', 'd');
    notices.flush();
    notices.flush();
    expect(written).toEqual(['a, c: subscribed', 'b: recovered', 'disconnected', 'd: subscribed']);
  });
});
