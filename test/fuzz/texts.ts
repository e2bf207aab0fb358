import { ERROR_CODES, REQUEST_TYPES } from '../../src/protocol/index.js';
import type { Random } from '../support/random.js';

const CHANNELS = [
  ...['announcements', 'apps:created', 'apps:*', 'users:updated', 'user:u1', 'user:u2', 'user:*', 'user:%75%31'],
  ...[
    'system:health',
    'system:*',
    'database:row_updated',
    'nobody:knows',
    '*',
    ':',
    'apps:',
    '__proto__',
    'constructor',
  ],
  ...[
    'user:__proto__',
    'user:',
    'user:%00',
    '$ctl',
    'rt:m:{x}',
    'apps:created\r\nPUBLISH',
    'äpps:created',
    'a'.repeat(201),
  ],
];
const KEYS = [
  'type',
  'channel',
  'channels',
  'ref',
  'lastEventId',
  'connectionId',
  'presence',
  'state',
  'ageMs',
  'watch',
  'token',
  'data',
  'name',
  'callId',
  '__proto__',
  'constructor',
];
const TYPES = [
  ...REQUEST_TYPES,
  ...Object.keys(ERROR_CODES).slice(0, 2),
  'event',
  'toString',
  '__proto__',
  '',
  'PING',
  '💥',
];
const NUMBERS = ['0', '-0', '1e999', '-1e-999', '9007199254740993', '1'.repeat(400), '0.1', '1E+2'];
const STRINGS = [
  '',
  'x',
  '\u0000',
  '\ud800',
  '\u2028',
  '💥',
  '{}',
  '"',
  '\\',
  '../../etc/passwd',
  '${7*7}',
  'x'.repeat(5000),
];

/** A message that a client could send: a valid or invalid request, any JSON, or no JSON. */
export function text(random: Random): string {
  const kind = random.next();
  if (kind < 0.35) return JSON.stringify(request(random));
  if (kind < 0.6) return mutated(random, JSON.stringify(request(random)));
  if (kind < 0.85) return json(random, 4);
  if (kind < 0.9) return deep(random);
  return garbage(random);
}

function request(random: Random): object {
  const fields: Record<string, unknown> = {
    type: random.chance(0.85) ? random.pick(REQUEST_TYPES) : random.pick(TYPES),
  };
  if (random.chance(0.7)) fields['channel'] = channel(random);
  if (random.chance(0.2))
    fields['channels'] = list(random, 5, () => (random.chance(0.5) ? channel(random) : { channel: channel(random) }));
  if (random.chance(0.3))
    fields['lastEventId'] = random.pick(['e-1', '0-0', 'abc-9007199254740993', '', '-', 'x'.repeat(200)]);
  if (random.chance(0.2)) fields['connectionId'] = random.pick(['c', '', 'a b', 'x'.repeat(65), 5, null]);
  if (random.chance(0.2)) fields['presence'] = random.pick([true, false, 'yes', null]);
  if (random.chance(0.2)) fields['last'] = random.pick([1, 5, 0, -1, 1e9, '3', null]);
  if (random.chance(0.2))
    fields['stream'] = random.pick([{}, { at: 5 }, { at: 5, id: 'x' }, { at: -1 }, { id: '' }, true, null, []]);
  if (random.chance(0.2)) fields['limit'] = random.pick([1, 50, 0, 1.5, 1e9, '3', null]);
  if (random.chance(0.2))
    fields['before'] = random.pick(['e-1', '0-0', 'abc-9007199254740993', '', 5, 'x'.repeat(200)]);
  if (random.chance(0.3)) fields['state'] = random.pick([{ typing: true }, null, 'x'.repeat(1_030), [[]], 1e308]);
  if (random.chance(0.1)) fields['ageMs'] = random.pick([0, 1.5, -1, 1e308, '3', null]);
  if (random.chance(0.2)) fields['name'] = random.pick(['echo', 'unknown', '', 'x'.repeat(101), 5]);
  if (random.chance(0.3)) fields['callId'] = random.pick(['c1', 'c2', '', 'a b', 'x'.repeat(65), 5, null]);
  if (random.chance(0.2)) fields['token'] = random.pick(['', 'a.b.c', 'x'.repeat(9000), 5]);
  if (random.chance(0.3)) fields['ref'] = random.pick(['r', 'x'.repeat(65), 5, null, '💥'.repeat(64)]);
  return fields;
}

function channel(random: Random): string {
  return random.chance(0.9) ? random.pick(CHANNELS) : mutated(random, random.pick(CHANNELS));
}

function list<T>(random: Random, most: number, make: () => T): T[] {
  return Array.from({ length: Math.floor(random.between(0, most + 1)) }, make);
}

/** Any JSON, with duplicate keys and numbers outside the range of a double. */
function json(random: Random, depth: number): string {
  const kind = random.next();
  if (depth === 0 || kind < 0.2) {
    return random.pick([random.pick(NUMBERS), 'true', 'null', JSON.stringify(random.pick(STRINGS)), '"\\ud800"']);
  }
  if (kind < 0.35) return `[${list(random, 6, () => json(random, depth - 1)).join(',')}]`;
  const fields = list(random, 6, () => `${JSON.stringify(random.pick(KEYS))}:${json(random, depth - 1)}`);
  if (random.chance(0.6)) fields.push(`"type":${JSON.stringify(random.pick(TYPES))}`);
  return `{${fields.join(',')}}`;
}

/** JSON nested deeper than a call stack, or with a huge number of keys. */
function deep(random: Random): string {
  const depth = Math.floor(random.between(1_000, 30_000));
  const inside = random.pick([
    () => '['.repeat(depth),
    () => '['.repeat(depth) + ']'.repeat(depth),
    () => '{"a":'.repeat(depth / 5) + '1' + '}'.repeat(depth / 5),
    () => `{${Array.from({ length: depth / 10 }, (_, index) => `"k${index}":0`).join(',')}}`,
    () => `[${'0,'.repeat(depth)}0]`,
  ])();
  return random.chance(0.5) ? inside : `{"type":"subscribe","channels":${inside}}`;
}

function garbage(random: Random): string {
  const characters = list(random, 80, () =>
    String.fromCodePoint(Math.floor(random.between(0, random.pick([128, 0xd7ff, 0x10ffff])))),
  );
  return characters.join('');
}

/** Removes, inserts or changes a few characters, or truncates the text. */
export function mutated(random: Random, original: string): string {
  let result = original;
  for (let count = Math.floor(random.between(1, 4)); count > 0; count -= 1) {
    const at = Math.floor(random.between(0, result.length + 1));
    const replacement = random.pick([
      '',
      '"',
      '{',
      '}',
      ',',
      ':',
      '\\',
      '\u0000',
      'é',
      result.slice(at, at + 10),
      random.pick(STRINGS),
    ]);
    result =
      result.slice(0, at) +
      replacement +
      result.slice(random.chance(0.1) ? result.length : at + random.pick([0, 1, 2]));
  }
  return result;
}
