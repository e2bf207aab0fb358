import { TokenHeaders } from './token-headers.js';

const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const REFUSED = 'its header is not a JSON object';
const tokenWith = (header: object, payload: object = {}): string => `${part(header)}.${part(payload)}.c2lnbmF0dXJl`;

describe('TokenHeaders', () => {
  it('reads each header correctly, in any order of tokens', () => {
    const headers = new TokenHeaders();
    const kinds = [
      { alg: 'HS256' },
      { alg: 'HS256', typ: 'JWT' },
      { alg: 'none' },
      { alg: 'HS256' },
      { alg: 'HS256' },
      { alg: 'RS256', kid: 'a' },
      { alg: 'RS256', kid: 'b' },
      { alg: 'RS256', crit: ['exp'] },
    ];
    for (const [index, kind] of kinds.entries()) expect(headers.of(tokenWith(kind, { sub: index }))).toEqual(kind);
  });

  it('does not reuse the last header for one that only shares its prefix or is part of it', () => {
    const headers = new TokenHeaders();
    const token = tokenWith({ alg: 'HS256' });
    headers.of(token);
    const [head = '', ...rest] = token.split('.');
    expect(() => headers.of(['', ...rest].join('.'))).toThrow(REFUSED);
    expect(() => headers.of([head.slice(0, -4), ...rest].join('.'))).toThrow(REFUSED);
    expect(() => headers.of([`${head}AAAA`, ...rest].join('.'))).toThrow(REFUSED);
  });

  it.each(['', '.', '..', 'a', 'a.b', 'a.b.c', `${part('text')}.b.c`, `${part([1])}.b.c`, `${part(null)}.b.c`])(
    'rejects %j, before and after a valid token',
    (text) => {
      const headers = new TokenHeaders();
      expect(() => headers.of(text)).toThrow(REFUSED);
      headers.of(tokenWith({ alg: 'HS256' }));
      expect(() => headers.of(text)).toThrow(REFUSED);
    },
  );
});
