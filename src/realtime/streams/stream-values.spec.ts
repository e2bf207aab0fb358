import { doneWith, failedWith, lineOf } from './stream-values.js';

describe('values of streams', () => {
  it('are lines of JSON of less than 64 KB', () => {
    expect([lineOf({ a: 'ü\n' }), lineOf(null), lineOf('x')]).toEqual(['{"a":"ü\\n"}\n', 'null\n', '"x"\n']);
    const most = 'x'.repeat(65_533);
    expect(lineOf(most)).toHaveLength(65_536);
    expect(() => lineOf(`${most}x`)).toThrow(RangeError);
    expect(() => lineOf('ü'.repeat(40_000))).toThrow('split it');
    for (const value of [undefined, () => 1, Symbol('x')]) expect(() => lineOf(value)).toThrow(TypeError);
  });

  it('are results of at most 64 KB as JSON', () => {
    expect([doneWith(undefined), doneWith(0)]).toEqual([
      { state: 'done', json: '{}' },
      { state: 'done', json: '{"result":0}' },
    ]);
    const most = 'x'.repeat(65_536 - '{"result":""}'.length);
    expect(doneWith(most).json).toHaveLength(65_536);
    expect(() => doneWith(`${most}x`)).toThrow(RangeError);
  });

  it('are reasons of at most 1,000 characters, not cut within one', () => {
    expect(failedWith('x')).toEqual({ state: 'failed', json: '{"reason":"x"}' });
    const reason = (text: string) => (JSON.parse(failedWith(text).json) as { reason: string }).reason;
    expect(reason('x'.repeat(1_000))).toHaveLength(1_000);
    expect(reason('x'.repeat(1_001))).toHaveLength(1_000);
    expect(reason('😀'.repeat(1_200))).toBe('😀'.repeat(1_000));
  });
});
