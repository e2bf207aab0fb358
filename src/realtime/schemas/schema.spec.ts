import {
  boolean,
  decode,
  encode,
  integer,
  json,
  list,
  nothing,
  nullable,
  number,
  oneOf,
  record,
  refine,
  SchemaError,
  string,
  stringOrNumber,
  tagged,
  timestamp,
  unbounded,
  type Schema,
} from './schema.js';

/** Returns true if the schema reads the value, and writes it as well. */
function accepts<T>(schema: Schema<T>, value: unknown): boolean {
  const results = (['read', 'write'] as const).map((step) => {
    try {
      schema[step](value as T, 'it');
      return true;
    } catch (error) {
      expect(error).toBeInstanceOf(SchemaError);
      return false;
    }
  });
  expect(results[0]).toBe(results[1]);
  return results[0]!;
}

describe('a schema accepts only its values:', () => {
  it.each<[string, Schema<never>, unknown[], unknown[]]>([
    ['boolean', boolean as Schema<never>, [true, false], [0, 'true', null]],
    ['nothing', nothing as Schema<never>, [null], [undefined, 0, '']],
    ['string', string({ min: 1, max: 3 }) as Schema<never>, ['a', 'abc'], ['', 'abcd', 1, null]],
    ['string of any length', string() as Schema<never>, ['', 'x'.repeat(65_536)], ['x'.repeat(65_537)]],
    ['number', number(-1, 2) as Schema<never>, [-1, 0.5, 2], [-1.1, 2.1, NaN, Infinity, '1']],
    ['integer', integer(0, 3) as Schema<never>, [0, 3], [-1, 4, 1.5, '1', 2 ** 53]],
    ['any integer', integer() as Schema<never>, [0, Number.MAX_SAFE_INTEGER], [-1]],
    ['timestamp', timestamp as Schema<never>, [-8.64e15, 8.64e15], [8.64e15 + 2, -8.64e15 - 2]],
    ['one of', oneOf(['a', 'b']) as Schema<never>, ['a', 'b'], ['c', 0]],
    ['string or number', stringOrNumber as Schema<never>, ['a', 1], [true, NaN]],
    ['nullable', nullable(boolean) as Schema<never>, [null, true], [undefined, 0]],
    ['list', list(boolean, 2) as Schema<never>, [[], [true, false]], [[true, true, true], [1], 'ab', { length: 0 }]],
    ['refined', refine(integer(), 'even', (n) => n % 2 === 0) as Schema<never>, [0, 4], [1, 'x']],
    ['json', json as Schema<never>, [null, { a: [1] }], []],
  ])('%s', (_name, schema, good, bad) => {
    expect(good.map((value) => accepts(schema, value))).toEqual(good.map(() => true));
    expect(bad.map((value) => accepts(schema, value))).toEqual(bad.map(() => false));
  });
});

describe('an error', () => {
  it.each<[string, Schema<never>, unknown, string]>([
    ['a string', string({ min: 1, max: 2 }) as Schema<never>, '', 'it must be a string of 1 to 2 characters'],
    ['a number', number(1, 2) as Schema<never>, 0, 'it must be a number from 1 to 2'],
    ['a whole number', integer(1, 2) as Schema<never>, 0, 'it must be a whole number from 1 to 2'],
    ['one of several', oneOf(['a', 'b']) as Schema<never>, 'c', 'it must be one of a, b'],
    ['an entry of a list', list(boolean, 9) as Schema<never>, [true, 1], 'it[1] must be true or false'],
    ['a list', list(boolean, 9) as Schema<never>, {}, 'it must be a list of at most 9'],
    ['a field', record({ a: boolean }) as Schema<never>, { a: 1 }, 'it.a must be true or false'],
  ])('names the path: %s', (_name, schema, value, message) => {
    expect(() => schema.read(value, 'it')).toThrow(message);
    expect(() => schema.write(value as never, 'it')).toThrow(message);
  });
});

describe('numbers', () => {
  it('are never -0 after they are read', () => {
    expect(Object.is(number().read(-0, 'it'), 0)).toBe(true);
    expect(Object.is(integer().read(-0, 'it'), 0)).toBe(true);
  });

  it('can be infinite in `unbounded`, also as JSON', () => {
    for (const value of [Infinity, -Infinity, -1.5]) expect(decode(unbounded, encode(unbounded, value))).toBe(value);
    expect(encode(unbounded, Infinity)).toBe('"Infinity"');
    expect(() => encode(unbounded, NaN)).toThrow('it must be a number');
    for (const wrong of ['"1"', 'null', '"NaN"']) expect(() => decode(unbounded, wrong)).toThrow(SchemaError);
  });
});

describe('a record', () => {
  const schema = record<{ a: number; b?: string }>({ a: integer(), b: string() }, ['b']);

  it('has its fields, without unknown ones, and can lack optional ones', () => {
    expect(decode(schema, '{"a":1,"c":2}')).toStrictEqual({ a: 1 });
    expect(decode(schema, '{"a":1,"b":"x"}')).toStrictEqual({ a: 1, b: 'x' });
    expect(encode(schema, { a: 1, c: 2 } as never)).toBe('{"a":1}');
  });

  it.each(['null', '7', '[]', '"a"', '{}', '{"a":1,"b":null}', '{"__proto__":{"a":1}}'])('is not %s', (text) =>
    expect(() => decode(schema, text)).toThrow(SchemaError),
  );

  it('throws a SyntaxError for text that is not JSON', () => expect(() => decode(schema, '{')).toThrow(SyntaxError));
});

describe('a tagged object', () => {
  type Shape = { kind: 'circle'; radius: number } | { kind: 'point' };
  const schema = tagged<'kind', Shape>('kind', { circle: record({ radius: number() }), point: record({}) });

  it('has the fields of its kind', () => {
    expect(decode(schema, '{"kind":"circle","radius":2,"more":1}')).toStrictEqual({ kind: 'circle', radius: 2 });
    expect(JSON.parse(encode(schema, { kind: 'point' }))).toStrictEqual({ kind: 'point' });
  });

  it.each(['null', '1', '{}', '{"kind":7}', '{"kind":"square"}', '{"kind":"toString"}'])('is not %s', (text) =>
    expect(() => decode(schema, text)).toThrow('it.kind must be one of circle, point'),
  );

  it('is refused if a field of its kind is wrong', () =>
    expect(() => decode(schema, '{"kind":"circle"}')).toThrow('it.radius must be a number'));
});
