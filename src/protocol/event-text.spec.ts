import * as fc from 'fast-check';
import { eventBody, eventText, isEventBody, isLimitedBody, withData, withoutData } from './event-text.js';

const TIMESTAMP = '2026-01-02T03:04:05.678Z';

describe('eventText', () => {
  it('is the event frame as JSON for any data', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.string(), (data, channel) => {
        const dataJson = JSON.stringify(data);
        const text = eventText({ epoch: 'e1', offset: 7 }, eventBody(channel, dataJson, TIMESTAMP));
        const expected = {
          type: 'event',
          id: 'e1-7',
          channel,
          data: JSON.parse(dataJson) as unknown,
          timestamp: TIMESTAMP,
        };
        expect(JSON.parse(text)).toEqual(expected);
      }),
    );
  });

  it('has no id without a position', () => {
    expect(JSON.parse(eventText(null, eventBody('a:b', '[1]', TIMESTAMP)))).toEqual({
      type: 'event',
      channel: 'a:b',
      data: [1],
      timestamp: TIMESTAMP,
    });
  });
});

describe('isEventBody', () => {
  it('accepts every body of its channel, and rejects those of others', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.string(), fc.string(), (data, channel, other) => {
        const body = eventBody(channel, JSON.stringify(data), TIMESTAMP);
        expect(isEventBody(channel, body)).toBe(true);
        expect(isEventBody(other, body)).toBe(other === channel);
      }),
    );
  });

  it.each([
    '',
    'hello',
    '"channel":"a"',
    '"channel":"a","data":',
    '"channel":"a","data":1',
    '{"channel":"a","data":1}',
    eventBody('a', '1', ''),
    eventBody('a', '1', 'yesterday, at about noon'),
    eventBody('a', '1', '"},{"a":"bcdefghijklmnop'),
    `${eventBody('a', '1', TIMESTAMP)} `,
  ])('rejects %j', (text) => {
    expect(isEventBody('a', text)).toBe(false);
  });
});

describe('the data of a body', () => {
  it('is marked if the event has restricted fields', () => {
    expect([true, false].map((limited) => isLimitedBody(eventBody('a', '{"b": 1}', TIMESTAMP, limited)))).toEqual([
      true,
      false,
    ]);
    expect(isLimitedBody(eventBody('a', '1', TIMESTAMP))).toBe(false);
  });

  it('can be replaced and removed, and the rest of the body stays', () => {
    const body = eventBody('a:b', '{"data":[1]}', TIMESTAMP);
    expect(withData(body, '[2]')).toBe(eventBody('a:b', '[2]', TIMESTAMP));
    expect(withoutData(body)).toBe(eventBody('a:b', 'null', TIMESTAMP));
  });
});
