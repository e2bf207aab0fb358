import { presenceInfo } from './presence-info.js';

describe('the info that a policy gave', () => {
  it('is JSON of at most 1,024 bytes, without __proto__', () => {
    expect(presenceInfo({ name: 'Ann', since: new Date(0), at: undefined })).toEqual({
      json: '{"name":"Ann","since":"1970-01-01T00:00:00.000Z"}',
    });
    expect(presenceInfo('ü'.repeat(511))).toEqual({ json: JSON.stringify('ü'.repeat(511)) });
    expect(presenceInfo(JSON.parse('{"a":{"__proto__":1}}'))).toEqual({ json: '{"a":{}}' });
  });

  it.each([
    ['too large', 'ü'.repeat(512), 'has 1026 bytes as JSON, and at most 1024 are sent'],
    ['a function', () => undefined, 'is not JSON'],
    ['a BigInt', { id: 1n }, 'cannot be converted to JSON'],
    ['a getter that throws', new Proxy({}, { ownKeys: () => failing() }), 'cannot be converted to JSON'],
  ])('is refused with its problem if it is %s', (_what, info, problem) => {
    expect(presenceInfo(info)).toEqual({ problem });
  });
});

function failing(): never {
  throw new Error('the database is down');
}
