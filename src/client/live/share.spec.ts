import fc from 'fast-check';
import { share } from './share.js';

describe('structural sharing', () => {
  it('keeps equal parts, in objects and in lists', () => {
    const before = { a: { b: [1, { c: 2 }] }, d: { e: 1 }, f: [{ g: 1 }, { g: 2 }] };
    const next = share(before, {
      a: { b: [1, { c: 2 }] },
      d: { e: 2 },
      f: [{ g: 1 }, { g: 3 }, { g: 2 }],
    }) as typeof before;
    expect(next).toEqual({ a: { b: [1, { c: 2 }] }, d: { e: 2 }, f: [{ g: 1 }, { g: 3 }, { g: 2 }] });
    expect(next.a).toBe(before.a);
    expect(next.d).not.toBe(before.d);
    expect(next.f[0]).toBe(before.f[0]);
  });

  it('returns the former value if the new one is equal', () => {
    fc.assert(
      fc.property(fc.json(), (json) => {
        const before: unknown = JSON.parse(json);
        expect(share(before, JSON.parse(json))).toBe(before);
      }),
      { seed: 1 },
    );
  });

  it('equals the new value, and changes neither', () => {
    fc.assert(
      fc.property(fc.json(), fc.json(), (one, other) => {
        const [before, next]: unknown[] = [JSON.parse(one), JSON.parse(other)];
        expect(JSON.stringify(share(before, next))).toBe(JSON.stringify(next));
        expect([JSON.stringify(before), JSON.stringify(next)]).toEqual(
          [one, other].map((json) => JSON.stringify(JSON.parse(json))),
        );
      }),
      { seed: 1 },
    );
  });

  it.each([
    ['[1,2]', '[1]'],
    ['{"a":1,"b":2}', '{"a":1}'],
    ['{"a":1}', '{"a":1,"b":null}'],
    ['{}', '[]'],
    ['null', '{}'],
    ['{"__proto__":1}', '{"__proto__":{"a":1}}'],
    ['{}', '{"__proto__":{"a":1}}'],
    ['{"a":{}}', '{"constructor":1,"toString":2}'],
  ])('does not take %s for %s', (one, other) => {
    const next = share(JSON.parse(one), JSON.parse(other));
    expect(JSON.stringify(next)).toBe(other);
    expect(({} as { a?: unknown }).a).toBeUndefined();
  });

  it('survives deep nesting', () => {
    const deep = `${'['.repeat(10_000)}${']'.repeat(10_000)}`;
    expect(() => share(JSON.parse(deep), JSON.parse(deep))).not.toThrow();
  });
});
