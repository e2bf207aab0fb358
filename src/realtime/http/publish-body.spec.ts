import { fieldOf, isListOfEvents, MAX_BATCH, MAX_PROBLEMS, readPublishBody } from './publish-body.js';

const fieldsOf = (body: unknown): string[] => readPublishBody(body).problems.map(({ field }) => field);

describe('readPublishBody', () => {
  it('reads one event', () => {
    expect(readPublishBody({ channel: 'c', data: null, idempotencyKey: 'k' })).toEqual({
      events: [{ channel: 'c', data: null, options: { idempotencyKey: 'k' }, field: 'channel' }],
      problems: [],
    });
  });

  it('reads a list, with the position of each event', () => {
    const { events, problems } = readPublishBody([
      { channel: 'a', data: 0 },
      { channel: 'b', data: false },
    ]);
    expect(problems).toEqual([]);
    expect(events).toEqual([
      { channel: 'a', data: 0, options: {}, field: '[0].channel' },
      { channel: 'b', data: false, options: {}, field: '[1].channel' },
    ]);
  });

  it('reads an event for several channels as one event per channel, each once', () => {
    const body = { channels: ['a', 'b', 'a'], data: 1, except: 'x', conflate: 'k' };
    const options = { except: 'x', conflate: 'k' };
    expect(readPublishBody(body)).toEqual({
      events: [
        { channel: 'a', data: 1, options, field: 'channels[0]' },
        { channel: 'b', data: 1, options, field: 'channels[1]' },
      ],
      problems: [],
    });
    expect(readPublishBody([body]).events.map(({ field }) => field)).toEqual(['[0].channels[0]', '[0].channels[1]']);
    expect([{}, body, [], { channels: null }, 'text', null].map(isListOfEvents)).toEqual([
      ...[false, true, true, true, false, false],
    ]);
  });

  it('names the field of a problem', () => {
    const event = { channel: 'c', data: 1, options: {} };
    const fields = ['channel', '[2].channel', 'channels[1]', '[2].channels[0]'];
    expect(fields.map((field) => fieldOf({ ...event, field }, 'channel'))).toEqual(fields);
    expect(fields.map((field) => fieldOf({ ...event, field }, 'data'))).toEqual([
      ...['data', '[2].data', 'channels[1].data', '[2].channels[0].data'],
    ]);
  });

  it('accepts up to 1,000 events', () => {
    const many = (count: number): unknown[] => Array.from({ length: count }, () => ({ channel: 'c', data: 1 }));
    expect(readPublishBody(many(MAX_BATCH)).events).toHaveLength(MAX_BATCH);
    expect(fieldsOf(many(MAX_BATCH + 1))).toEqual(['']);
    const channels = Array.from({ length: MAX_BATCH }, (_, index) => `c:${index}`);
    expect(readPublishBody({ channels, data: 1 }).events).toHaveLength(MAX_BATCH);
    expect(
      fieldsOf([
        { channels, data: 1 },
        { channel: 'c', data: 1 },
      ]),
    ).toEqual(['']);
  });

  it.each<[unknown, string[]]>([
    [undefined, ['']],
    [null, ['']],
    ['text', ['']],
    [[], ['']],
    [{}, ['channel', 'data']],
    [{ channel: null, data: 1 }, ['channel']],
    [{ channel: 'c', data: 1, idempotencyKey: null }, ['idempotencyKey']],
    [{ channel: 'c', data: 1, except: 5 }, ['except']],
    [{ channel: 'c', channels: ['d'], data: 1 }, ['channels']],
    [{ channels: [], data: 1 }, ['channels']],
    [{ channels: 'c', data: 1 }, ['channels']],
    [{ channels: ['c', 5] }, ['channels', 'data']],
    [{ channel: 'c', data: 1, event: 'x', name: 'y' }, ['event', 'name']],
    [JSON.parse('{"channel":"c","data":1,"__proto__":{}}'), ['__proto__']],
    [
      [{ channel: 'c', data: 1 }, null, [], { channel: 5, data: 1 }],
      ['[1]', '[2]', '[3].channel'],
    ],
  ])('names the wrong fields of %j', (body, fields) => {
    expect(fieldsOf(body)).toEqual(fields);
  });

  it('reports at most 20 problems with short field names for any body', () => {
    const fields = Object.fromEntries(Array.from({ length: 5_000 }, (_, index) => [`${index}${'x'.repeat(500)}`, 0]));
    for (const body of [fields, [fields, fields], Array(MAX_BATCH).fill(0)]) {
      const { problems } = readPublishBody(body);
      expect(problems).toHaveLength(MAX_PROBLEMS);
      for (const { field } of problems) expect(field.length).toBeLessThan(120);
    }
  });

  it('returns the valid events too if others are invalid, so that all can be validated', () => {
    expect(readPublishBody([{ channel: 'c', data: 1 }, 5]).events).toHaveLength(1);
  });
});
