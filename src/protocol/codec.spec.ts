import * as fc from 'fast-check';
import { BINARY_FRAME, decodeClientFrame, type BadFrame } from './codec.js';
import { REQUEST_TYPES, type ClientRequest } from './requests.js';
import { ERROR_CODES } from './codes.js';
import { growthOf, PROPORTIONAL } from '../../test/support/growth.js';

/** Decodes a valid frame. */
function requestOf(frame: object): ClientRequest {
  const { request, bad } = decodeClientFrame(JSON.stringify(frame));
  if (request === undefined) throw new Error(`It was refused: ${JSON.stringify(bad)}`);
  return request;
}

/** Decodes an invalid frame and returns the error. */
function refusalOf(frame: unknown): BadFrame {
  const { request, bad } = decodeClientFrame(typeof frame === 'string' ? frame : JSON.stringify(frame));
  if (bad === undefined) throw new Error(`It was accepted: ${JSON.stringify(request)}`);
  return bad;
}

/** Returns the fields named in the error, in order. */
function fieldsOf(frame: unknown): string[] {
  const { code, details } = refusalOf(frame);
  expect(code).toBe('invalid_message');
  return details!.map(({ field }) => field);
}

describe('a request', () => {
  it.each<[object, ClientRequest]>([
    [{ type: 'ping' }, { type: 'ping' }],
    [{ type: 'list_channels' }, { type: 'list_channels' }],
    [{ type: 'stats' }, { type: 'stats' }],
    [
      { type: 'auth', token: 'a.b.c' },
      { type: 'auth', token: 'a.b.c' },
    ],
    [
      { type: 'auth', token: '' },
      { type: 'auth', token: '' },
    ],
    [
      { type: 'presence', channel: 'apps:created' },
      { type: 'presence', channel: 'apps:created' },
    ],
    [
      { type: 'subscribe', channel: 'apps:created' },
      { type: 'subscribe', targets: [{ channel: 'apps:created' }] },
    ],
    [
      { type: 'subscribe', channel: 'apps:*' },
      { type: 'subscribe', targets: [{ channel: 'apps:*' }] },
    ],
    [
      { type: 'subscribe', channel: 'apps:created', lastEventId: 'e-1', presence: true },
      { type: 'subscribe', targets: [{ channel: 'apps:created', lastEventId: 'e-1', presence: true }] },
    ],
    [
      { type: 'subscribe', channel: 'boards:1', lastEventId: 'e-1', state: true },
      { type: 'subscribe', targets: [{ channel: 'boards:1', lastEventId: 'e-1', state: true }] },
    ],
    [
      { type: 'subscribe', channels: ['a', { channel: 'b', lastEventId: '' }, { channel: 'c:*', presence: false }] },
      {
        type: 'subscribe',
        targets: [{ channel: 'a' }, { channel: 'b', lastEventId: '' }, { channel: 'c:*', presence: false }],
      },
    ],
    [
      { type: 'unsubscribe', channel: 'apps:created' },
      { type: 'unsubscribe', channels: ['apps:created'] },
    ],
    [
      { type: 'unsubscribe', channel: 'apps:*' },
      { type: 'unsubscribe', channels: ['apps:*'] },
    ],
    [
      { type: 'unsubscribe', channels: ['a', 'b:*'] },
      { type: 'unsubscribe', channels: ['a', 'b:*'] },
    ],
  ])('%j is understood', (frame, request) => {
    expect(requestOf(frame)).toStrictEqual(request);
    expect(requestOf({ ...frame, ref: 'r1' })).toStrictEqual({ ...request, ref: 'r1' });
  });

  it.each<[object, ClientRequest]>([
    [
      { type: 'subscribe', channel: 'a', last: 1, connectionId: 'c_1-X' },
      { type: 'subscribe', targets: [{ channel: 'a', last: 1 }], connectionId: 'c_1-X' },
    ],
    [
      { type: 'subscribe', channel: 'a', last: 1_001, lastEventId: 'e'.repeat(128) },
      { type: 'subscribe', targets: [{ channel: 'a', last: 1_000, lastEventId: 'e'.repeat(128) }] },
    ],
    [
      { type: 'history', channel: 'a' },
      { type: 'history', channel: 'a', limit: 50 },
    ],
    [
      { type: 'history', channel: 'a', limit: 1_001, before: 'e-9' },
      { type: 'history', channel: 'a', limit: 1_000, before: 'e-9' },
    ],
    [
      { type: 'presence_update', channel: 'a', state: { typing: true } },
      { type: 'presence_update', channel: 'a', state: '{"typing":true}', ageMs: 0 },
    ],
    [
      { type: 'presence_update', channel: 'a', state: null, ageMs: 86_400_001 },
      { type: 'presence_update', channel: 'a', state: null, ageMs: 86_400_000 },
    ],
    [
      { type: 'presence_update', channel: 'a', state: 'é'.repeat(511), ageMs: 0 },
      { type: 'presence_update', channel: 'a', state: `"${'é'.repeat(511)}"`, ageMs: 0 },
    ],
    [
      { type: 'occupancy', channel: 'a' },
      { type: 'occupancy', channel: 'a' },
    ],
    [
      { type: 'occupancy', channel: 'a', watch: false },
      { type: 'occupancy', channel: 'a', watch: false },
    ],
    [
      { type: 'call', name: 'n'.repeat(100), callId: 'A-z_0.:9', data: { id: 1 } },
      { type: 'call', name: 'n'.repeat(100), callId: 'A-z_0.:9', data: { id: 1 } },
    ],
    [
      { type: 'cancel', callId: 'c'.repeat(64) },
      { type: 'cancel', callId: 'c'.repeat(64) },
    ],
  ])('%j is understood, with its limits and defaults', (frame, request) =>
    expect(requestOf(frame)).toStrictEqual(request),
  );

  it('ignores unknown fields', () => {
    expect(requestOf({ type: 'ping', channel: 7, more: [] })).toStrictEqual({ type: 'ping' });
  });

  it('has one of the types of the protocol', () => {
    expect(REQUEST_TYPES).toEqual([
      'subscribe',
      'unsubscribe',
      'ping',
      'list_channels',
      'stats',
      'auth',
      'presence',
      'history',
      'presence_update',
      'occupancy',
      'call',
      'cancel',
      'stream_cancel',
    ]);
  });
});

describe('an error names', () => {
  const channel = 'apps:created';

  it.each<[object, string[]]>([
    [{ type: 'auth' }, ['token']],
    [{ type: 'auth', token: 7 }, ['token']],
    [{ type: 'auth', token: null }, ['token']],
    [{ type: 'auth', token: { toString: 1, valueOf: 1 } }, ['token']],
    [{ type: 'presence' }, ['channel']],
    [{ type: 'presence', channel: ['a'] }, ['channel']],
    [{ type: 'presence', channel: '' }, ['channel']],
    [{ type: 'subscribe' }, ['channel']],
    [{ type: 'subscribe', channel: null }, ['channel']],
    [{ type: 'subscribe', channel: 'a b' }, ['channel']],
    [{ type: 'subscribe', channel: '*' }, ['channel']],
    [{ type: 'subscribe', channel: 'a'.repeat(201) }, ['channel']],
    [{ type: 'subscribe', channel, lastEventId: 7 }, ['lastEventId']],
    [{ type: 'subscribe', channel, lastEventId: null }, ['lastEventId']],
    [{ type: 'subscribe', channel, lastEventId: 'e'.repeat(129) }, ['lastEventId']],
    [{ type: 'subscribe', channel: 'apps:*', lastEventId: 'e-1' }, ['lastEventId']],
    [{ type: 'subscribe', channel: 'apps:*', lastEventId: 7 }, ['lastEventId']],
    [{ type: 'subscribe', channel, presence: 'yes' }, ['presence']],
    [{ type: 'subscribe', channel, state: 1 }, ['state']],
    [{ type: 'subscribe', channel: 7, lastEventId: 7, presence: 7 }, ['channel', 'lastEventId', 'presence']],
    [{ type: 'subscribe', channel, channels: [channel] }, ['channels']],
    [{ type: 'subscribe', channels: [] }, ['channels']],
    [{ type: 'subscribe', channels: channel }, ['channels']],
    [{ type: 'subscribe', channels: null }, ['channels']],
    [{ type: 'subscribe', channels: { 0: channel } }, ['channels']],
    [{ type: 'subscribe', channels: [channel, 7, 'a b'] }, ['channels[1]', 'channels[2]']],
    [{ type: 'subscribe', channels: [[channel], null] }, ['channels[0]', 'channels[1]']],
    [{ type: 'subscribe', channels: [{}] }, ['channels[0].channel']],
    [{ type: 'subscribe', channels: [channel, { channel, lastEventId: 7 }] }, ['channels[1].lastEventId']],
    [{ type: 'subscribe', channels: [{ channel: 'apps:*', lastEventId: 'e-1' }] }, ['channels[0].lastEventId']],
    [{ type: 'subscribe', channels: [{ channel, presence: 1 }] }, ['channels[0].presence']],
    [{ type: 'unsubscribe' }, ['channel']],
    [{ type: 'unsubscribe', channel: 'a:' }, ['channel']],
    [{ type: 'unsubscribe', channels: [] }, ['channels']],
    [{ type: 'unsubscribe', channels: ['a', 0] }, ['channels[1]']],
    [{ type: 'subscribe', channel, connectionId: 'c 1' }, ['connectionId']],
    [{ type: 'subscribe', channel, last: 0 }, ['last']],
    [{ type: 'subscribe', channel, last: 1.5 }, ['last']],
    [{ type: 'history', channel: 'apps:*' }, ['channel']],
    [{ type: 'history', channel, limit: '5', before: 7 }, ['before', 'limit']],
    [{ type: 'history', channel, before: 'e'.repeat(129) }, ['before']],
    [{ type: 'presence_update', channel: 'apps:*', state: 1 }, ['channel']],
    [{ type: 'presence_update', channel }, ['state']],
    [{ type: 'presence_update', channel, state: 'x'.repeat(1_023) }, ['state']],
    [{ type: 'presence_update', channel, state: 'é'.repeat(512) }, ['state']],
    [{ type: 'presence_update', channel, state: 1, ageMs: -1 }, ['ageMs']],
    [{ type: 'presence_update', channel, state: 1, ageMs: '5' }, ['ageMs']],
    [{ type: 'stream_cancel', channel: 'apps:*' }, ['channel']],
    [{ type: 'occupancy', channel: 'apps:*' }, ['channel']],
    [{ type: 'occupancy', channel, watch: 'yes' }, ['watch']],
    [{ type: 'call', callId: 'c' }, ['name']],
    [{ type: 'call', name: '', callId: 'c' }, ['name']],
    [{ type: 'call', name: 'n'.repeat(101), callId: 'c' }, ['name']],
    [{ type: 'call', name: 'n', callId: '' }, ['callId']],
    [{ type: 'call', name: 7 }, ['name', 'callId']],
    [{ type: 'cancel', callId: 'c'.repeat(65) }, ['callId']],
    [{ type: 'cancel', callId: 'a b' }, ['callId']],
    [{ type: 'ping', ref: 7 }, ['ref']],
    [{ type: 'ping', ref: null }, ['ref']],
    [{ type: 'subscribe', ref: 7 }, ['ref', 'channel']],
  ])('the wrong fields of %j', (frame, fields) => expect(fieldsOf(frame)).toEqual(fields));

  it('the problem with the field, and carries the ref of the frame', () => {
    expect(refusalOf({ type: 'auth', ref: 'r1' })).toStrictEqual({
      code: 'invalid_message',
      message: ERROR_CODES.invalid_message.message,
      details: [{ field: 'token', message: 'must be a string' }],
      ref: 'r1',
    });
  });

  it('the frame as a whole if it is not an object', () => {
    for (const frame of [null, 7, true, '"ping"', [], ['ping'], [{ type: 'ping' }]])
      expect(fieldsOf(frame)).toEqual(['']);
    expect(BINARY_FRAME).toMatchObject({ code: 'invalid_message', details: [{ field: '' }] });
  });

  it.each([{}, { type: '' }, { type: 7 }, { type: null }, { type: ['ping'] }])('the type of %j', (frame) => {
    expect(fieldsOf(frame)).toEqual(['type']);
    expect(refusalOf({ ...frame, ref: 'r1' }).ref).toBe('r1');
  });

  it('more problems for a longer frame, and at most 20', () => {
    const frame = (count: number) => ({ type: 'subscribe', channels: Array.from({ length: count }, () => 0) });
    expect(fieldsOf(frame(6))).toHaveLength(5);
    expect(fieldsOf(frame(100))).toHaveLength(8);
    expect(fieldsOf({ ...frame(100), padding: 'x'.repeat(2_000) })).toHaveLength(20);
    // Another 64 characters allow one more.
    const withLength = (length: number) => '{"type":"subscribe","channels":[0,0,0,0,0,0,0]}'.padEnd(length);
    expect([127, 128].map((length) => fieldsOf(withLength(length)).length)).toEqual([6, 7]);
  });

  it('the type and the ref if both are wrong', () => expect(fieldsOf({ ref: 7 })).toEqual(['type', 'ref']));
});

describe('ref', () => {
  it.each([
    ['nothing', ''],
    ['64 letters', 'r'.repeat(64)],
    ['64 emoji', '😀'.repeat(64)],
    ['a lone surrogate', '\ud83d'],
  ])('can be %s', (_what, ref) => expect(requestOf({ type: 'ping', ref }).ref).toBe(ref));

  it.each([
    ['65 letters', 'r'.repeat(65)],
    ['65 emoji', '😀'.repeat(65)],
    ['63 emoji and 2 letters', `${'😀'.repeat(63)}ab`],
  ])('cannot be %s', (_what, ref) => {
    const bad = refusalOf({ type: 'ping', ref });
    expect(bad.details).toEqual([{ field: 'ref', message: 'must be a string of at most 64 characters' }]);
    expect(bad).not.toHaveProperty('ref');
  });

  it('counts characters', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 100 }), (ref) => {
        const { request } = decodeClientFrame(JSON.stringify({ type: 'ping', ref }));
        expect(request !== undefined).toBe([...ref].length <= 64);
      }),
    );
  });
});

describe('an unknown type', () => {
  it.each(['subscribed', 'Ping', ' ping', '__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf'])(
    '%j',
    (type) => {
      const { bad, custom } = decodeClientFrame(JSON.stringify({ type, ref: 'r1', more: 1 }));
      expect(bad).toMatchObject({ code: 'unknown_type', ref: 'r1' });
      expect(bad).not.toHaveProperty('details');
      expect(custom).toStrictEqual({ type, ref: 'r1', fields: { type, ref: 'r1', more: 1 } });
    },
  );

  it('is answered with the list of known types', () => {
    const { message } = refusalOf({ type: 'publish' });
    for (const type of REQUEST_TYPES) expect(message).toContain(type);
  });

  it('is not reported if the ref is wrong', () => expect(fieldsOf({ type: 'publish', ref: 7 })).toEqual(['ref']));
});

describe('a `__proto__` field', () => {
  it('adds no fields to the frame', () => {
    expect(fieldsOf('{"__proto__":{"type":"ping"}}')).toEqual(['type']);
    expect(fieldsOf('{"type":"auth","__proto__":{"token":"t"}}')).toEqual(['token']);
    expect(fieldsOf('{"type":"subscribe","channels":[{"__proto__":{"channel":"a"}}]}')).toEqual([
      'channels[0].channel',
    ]);
  });
});

describe('text that is not JSON', () => {
  it.each([
    '',
    ' ',
    'ping',
    '{',
    '{"type":"ping"',
    "{'type':'ping'}",
    '{"type":"ping"}{}',
    '\ufeff{"type":"ping"}',
    '\0',
    'NaN',
  ])('%j', (text) =>
    expect(refusalOf(text)).toStrictEqual({ code: 'invalid_json', message: ERROR_CODES.invalid_json.message }),
  );
});

describe('any input', () => {
  /** Frames that pass the first checks: known types and known fields with arbitrary values. */
  const nearly = fc.record(
    {
      type: fc.oneof(fc.constantFrom<string>(...REQUEST_TYPES), fc.string()),
      ref: fc.oneof(fc.string(), fc.jsonValue()),
      channel: fc.oneof(fc.constantFrom('apps:created', 'apps:*', 'user:%41'), fc.string(), fc.jsonValue()),
      channels: fc.oneof(
        fc.array(
          fc.oneof(fc.string(), fc.record({ channel: fc.jsonValue(), lastEventId: fc.jsonValue() }), fc.jsonValue()),
        ),
        fc.jsonValue(),
      ),
      lastEventId: fc.oneof(fc.string(), fc.jsonValue()),
      presence: fc.oneof(fc.boolean(), fc.jsonValue()),
      token: fc.oneof(fc.string(), fc.jsonValue()),
    },
    { requiredKeys: [] },
  );

  /** Expects a request of a known type, or an error that can be sent. */
  function expectSound(text: string): void {
    const { request, bad } = decodeClientFrame(text);
    const answer = request ?? bad;
    expect([...REQUEST_TYPES, 'invalid_json', 'invalid_message', 'unknown_type']).toContain(request?.type ?? bad?.code);
    expect(bad?.details !== undefined).toBe(bad?.code === 'invalid_message');
    expect(JSON.parse(JSON.stringify(answer))).toEqual(answer);
  }

  it('gets an answer if it is any text', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), expectSound), { numRuns: 1000 });
  });

  it('gets an answer if it is any JSON', () => {
    fc.assert(fc.property(fc.json(), expectSound), { numRuns: 1000 });
  });

  it('gets an answer if it is almost a valid frame', () => {
    fc.assert(
      fc.property(nearly, (frame) => expectSound(JSON.stringify(frame))),
      { numRuns: 2000 },
    );
  });

  it('decodes every valid subscribe to its targets', () => {
    const name = fc.stringMatching(/^[A-Za-z0-9_.@-]{1,20}(:[A-Za-z0-9_.@-]{1,20}){0,3}$/);
    const target = fc.record(
      { channel: name, lastEventId: fc.string({ maxLength: 128 }), presence: fc.boolean() },
      { requiredKeys: ['channel'], noNullPrototype: true },
    );
    fc.assert(
      fc.property(
        fc.uniqueArray(target, { minLength: 1, selector: ({ channel }) => channel }),
        fc.string({ maxLength: 64 }),
        (targets, ref) => {
          expect(requestOf({ type: 'subscribe', channels: targets, ref })).toStrictEqual({
            type: 'subscribe',
            targets,
            ref,
          });
        },
      ),
    );
  });

  const lists = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);

  it.each<[string, number, (size: number) => string]>([
    ['lists', 20_000, lists],
    ['objects', 20_000, (size) => `${'{"a":'.repeat(size)}1${'}'.repeat(size)}`],
    ['lists that never end', 100_000, (size) => '['.repeat(size)],
    ['a field of lists', 20_000, (size) => `{"type":"ping","x":${lists(size)}}`],
    ['a token of lists', 20_000, (size) => `{"type":"auth","token":${lists(size)}}`],
    ['a list of names', 100_000, (size) => `{"type":"subscribe","channels":[${'"a",'.repeat(size)}"a"]}`],
    ['a name of many segments', 100_000, (size) => `{"type":"subscribe","channel":"${'a:'.repeat(size)}"}`],
    ['a long ref', 100_000, (size) => `{"type":"ping","ref":"${'r'.repeat(size)}"}`],
  ])('costs time in proportion to its length: %s', (_what, size, textOf) => {
    const growth = growthOf(size, (length) => {
      const text = textOf(length);
      return () => decodeClientFrame(text);
    });
    expect(growth).toBeLessThan(PROPORTIONAL);
  });
});

describe('the channels of one frame', () => {
  const names = (count: number) => Array.from({ length: count }, (_, index) => `a:${index}`);
  const decoded = (channels: unknown[], maxTargets?: number) =>
    decodeClientFrame(JSON.stringify({ type: 'subscribe', channels }), maxTargets);

  it('are at most 200 unless the server allows more', () => {
    expect(decoded(names(200)).bad).toBeUndefined();
    const message = 'must have at most 200 entries: send several frames';
    expect(decoded(names(201)).bad?.details).toEqual([{ field: 'channels', message }]);
    expect(decoded(names(201), 201).bad).toBeUndefined();
  });

  it('count once if they are listed twice', () => {
    const { request } = decoded([
      'a',
      { channel: 'b', presence: true },
      'a',
      'b',
      { channel: 'a', lastEventId: 'e-1' },
    ]);
    expect(request).toEqual({ type: 'subscribe', targets: [{ channel: 'a' }, { channel: 'b', presence: true }] });
    expect(decodeClientFrame('{"type":"unsubscribe","channels":["a","a"]}').request).toMatchObject({ channels: ['a'] });
  });
});
