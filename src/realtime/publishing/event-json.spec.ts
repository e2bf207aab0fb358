import { InvalidEventError } from './errors.js';
import { toJson } from './event-json.js';

class Money {
  readonly #amount = 5;
  get amount(): number {
    return this.#amount;
  }
}

class Price {
  constructor(readonly amount: number) {}
}

function throwing(thrown: unknown): object {
  return {
    toJSON: () => {
      throw thrown;
    },
  };
}

/** Nested lists. @param inside content of the innermost list */
function nested(levels: number, ...inside: unknown[]): unknown {
  let data: unknown = inside;
  for (let level = 1; level < levels; level += 1) data = [data];
  return data;
}

function circle(): object {
  const list: unknown[] = [];
  list.push({ list });
  return list;
}

function returnThis(this: unknown): unknown {
  return this;
}

/** Throws on any access. */
const HOSTILE: object = new Proxy(
  {},
  {
    get: () => {
      throw null;
    },
    ownKeys: () => {
      throw null;
    },
  },
);

describe('toJson', () => {
  it.each<[string, unknown, string]>([
    ['null', null, 'null'],
    ['an empty object', {}, '{}'],
    ['an empty object inside', { a: {}, b: [{}], c: Object.create(null) }, '{"a":{},"b":[{}],"c":{}}'],
    ['null fields', { a: null, b: [null, undefined] }, '{"a":null,"b":[null,null]}'],
    ['undefined fields', { a: undefined, b: 1 }, '{"b":1}'],
    ['undefined fields only', { a: undefined }, '{}'],
    ['methods beside fields', { a: 1, b: null, c: () => 1 }, '{"a":1,"b":null}'],
    ['an instance of a class', { price: new Price(5), none: null }, '{"price":{"amount":5},"none":null}'],
    ['a date', { at: new Date(0), none: null }, '{"at":"1970-01-01T00:00:00.000Z","none":null}'],
    ['a toJSON', { m: Object.assign(new Money(), { toJSON: () => 5 }), none: null }, '{"m":5,"none":null}'],
    ['a toJSON of a Map', Object.assign(new Map([['a', 1]]), { toJSON: () => ({ a: 1 }) }), '{"a":1}'],
    ['a toJSON of itself', { a: null, toJSON: returnThis }, '{"a":null}'],
    ['a list like object', { 0: 'a', none: null }, '{"0":"a","none":null}'],
    ['boxed values', [new Number(1), new String('x'), new Boolean(false), null], '[1,"x",false,null]'],
  ])('serialises %s', (_what, data, json) => {
    expect(toJson(data)).toBe(json);
  });

  it.each<[string, unknown, string]>([
    ['undefined', undefined, 'must be JSON-serializable, not undefined'],
    ['a function', () => 1, 'must be JSON-serializable, not a function'],
    ['a symbol', Symbol('x'), 'must be JSON-serializable, not a symbol'],
    ['a toJSON of undefined', { toJSON: () => undefined }, 'must be JSON-serializable'],
    ['a BigInt', { n: 1n }, 'serialize a BigInt: send it as a string, for example value.toString()'],
    ['a circle', circle(), 'circular structure to JSON: send a plain object with the fields'],
    ['a promise', Promise.resolve(1), 'cannot hold a Promise (data): await it before'],
    ['a promise inside', { apps: [Promise.resolve(1)] }, 'cannot hold a Promise (data.apps[0]): await it before'],
    ['a thenable with fields', { then: () => 1, sql: 'select' }, '(data): await it before'],
    ['a Map', new Map([['a', 1]]), 'cannot hold a Map (data): send Object.fromEntries(map)'],
    ['a thenable with fields inside', { a: { then: () => 1, sql: 'select' } }, '(data.a): await it before'],
    ['a promise with a field inside', [Object.assign(Promise.resolve(1), { id: 5 })], '(data[0]): await it before'],
    ['an error with a field inside', { e: Object.assign(new Error('x'), { code: 1 }) }, '(data.e): send its message'],
    ['a Map with a field inside', { a: Object.assign(new Map(), { a: 1 }) }, 'cannot hold a Map (data.a)'],
    ['a Map from a toJSON of itself', { a: new Map(), toJSON: returnThis }, 'cannot hold a Map (data.a)'],
    ['symbol keys only', { a: { [Symbol('x')]: 1 } }, 'cannot hold an Object (data.a): it has no fields'],
    ['a Map with a field', Object.assign(new Map(), { a: 1 }), 'cannot hold a Map (data)'],
    ['a Set inside', { a: { b: new Set([1]) } }, 'cannot hold a Set (data.a.b): send [...set]'],
    ['a WeakMap', new WeakMap(), 'cannot hold a WeakMap (data): it has no fields'],
    ['an iterator', [1].values(), 'it has no fields'],
    ['an expression', /x/, 'cannot hold a RegExp (data): it has no fields'],
    ['an error', new Error('x'), 'cannot hold an Error (data): send its message'],
    ['an error with a field', Object.assign(new TypeError('x'), { code: 1 }), '(data): send its message'],
    ['a class with private fields', { price: new Money() }, 'cannot hold a Money (data.price): it has no fields'],
    ['functions only', { get: () => 1 }, 'cannot hold an Object (data): it has no fields'],
    ['a boxed symbol', [Object(Symbol('x'))], 'cannot hold a Symbol (data[0])'],
    ['a Map from a toJSON', { a: { toJSON: () => ({ b: new Map() }) } }, 'cannot hold a Map (data.a.b)'],
    ['NaN', NaN, 'cannot hold NaN (data): JSON cannot represent this number'],
    ['an infinite number inside', { price: -Infinity }, 'cannot hold -Infinity (data.price)'],
    ['a boxed NaN', [new Number(NaN)], '(data[0]): JSON cannot represent this number'],
    ['an invalid date', { at: new Date(NaN) }, 'cannot hold an invalid Date (data.at): send null, or a valid date'],
    ['a Buffer', Buffer.from('x'), "cannot hold a Buffer (data): send a string, for example buffer.toString('base64')"],
    ['a Buffer inside', { file: Buffer.from('x') }, 'cannot hold a Buffer (data.file)'],
    ['a typed array', new Uint8Array([1]), 'cannot hold a Uint8Array (data): send a list'],
    ['a typed array inside', { a: new Float32Array([1]) }, 'cannot hold a Float32Array (data.a)'],
    ['an empty typed array', { a: new Uint8Array() }, 'cannot hold a Uint8Array (data.a)'],
    ['bytes', new ArrayBuffer(1), 'cannot hold an ArrayBuffer (data)'],
    ['a function in a list', { list: [1, () => 1] }, 'cannot hold a function (data.list[1]): leave it out'],
    ['a symbol in a list', [Symbol('x')], 'cannot hold a symbol (data[0]): leave it out'],
    ['a toJSON that throws an error', throwing(new Error('broken\nsecond line')), 'cannot be turned into JSON: broken'],
    ['a toJSON that throws null', throwing(null), 'cannot be turned into JSON: null'],
    ['a toJSON that throws undefined', throwing(undefined), 'cannot be turned into JSON: undefined'],
    ['a toJSON that throws a text', throwing('broken'), 'cannot be turned into JSON: broken'],
    ['a toJSON that throws a symbol', throwing(Symbol('x')), 'cannot be turned into JSON: Symbol(x)'],
    [
      'a toJSON that throws a hostile object',
      throwing(HOSTILE),
      'cannot be turned into JSON: an error without a message',
    ],
    ['501 levels', nested(501), 'cannot hold more than 500 levels of objects and lists (data[0][0]'],
    ['a hostile object', HOSTILE, 'cannot be turned into JSON: null'],
  ])('rejects %s', (_what, data, problem) => {
    let error: unknown;
    try {
      toJson(data);
    } catch (caught) {
      error = caught;
    }
    expect(error).toBeInstanceOf(InvalidEventError);
    expect(error).toMatchObject({ code: 'invalid_event', field: 'data' });
    expect((error as Error).message).toContain(problem);
  });

  it('calls each toJSON once, with its key, and checks its result', () => {
    const keys: string[] = [];
    const counted = {
      toJSON(key: string) {
        keys.push(key);
        return { of: key, at: new Date(0), drop: undefined };
      },
    };
    expect(toJson({ a: counted, list: [counted] })).toBe(
      '{"a":{"of":"a","at":"1970-01-01T00:00:00.000Z"},"list":[{"of":"0","at":"1970-01-01T00:00:00.000Z"}]}',
    );
    expect(keys).toEqual(['a', '0']);
    expect(() => toJson({ a: { toJSON: () => ({ inner: new Map() }) } })).toThrow('cannot hold a Map (data.a.inner)');
    const looped: Record<string, unknown> = { b: counted };
    looped['self'] = looped;
    expect(() => toJson(looped)).toThrow(/circular/i);
  });

  it('serialises 500 levels, and rejects more levels quickly', () => {
    const bottom = Array.from({ length: 17_000 }, () => []);
    expect(toJson(nested(499, []))).toBe(`${'['.repeat(500)}${']'.repeat(500)}`);
    const timeFor = (levels: number): number => {
      const data = nested(levels, ...bottom);
      const { user } = process.cpuUsage();
      for (let count = 0; count < 10; count += 1) {
        try {
          toJson(data);
        } catch {
          // the time counts
        }
      }
      return process.cpuUsage().user - user;
    };
    timeFor(1);
    expect(timeFor(3_500)).toBeLessThan(2 * timeFor(1));
  });
});
