import type { IncomingMessage } from 'node:http';
import { OriginPolicy } from './origin-policy.js';

const admits = (origin: string, host: string, hosts: string[], isProduction = true): Promise<boolean> =>
  new OriginPolicy({ origins: ['self'], hosts }, isProduction).allows({ headers: { origin, host } } as IncomingMessage);

describe('self', () => {
  it('is the configured hosts, whatever `Host` says', async () => {
    expect(await admits('https://app.example.com', 'internal:8888', ['app.example.com'])).toBe(true);
    expect(await admits('https://app.example.com:8443', 'x', ['app.example.com'], false)).toBe(true);
    expect(await admits('https://other.example.com', 'other.example.com', ['app.example.com'])).toBe(false);
  });

  it('is no host name that an attacker made to lead here, in production or with `hosts`', async () => {
    expect(await admits('http://evil.example', 'evil.example', [])).toBe(false);
    expect(await admits('http://evil.example', 'evil.example', ['app.example.com'])).toBe(false);
    expect(await admits('http://evil.example', 'evil.example', ['app.example.com'], false)).toBe(false);
  });

  it('is an address or localhost without configuration: no name leads elsewhere', async () => {
    expect(await admits('http://192.0.2.1:8888', '192.0.2.1:8888', [])).toBe(true);
    expect(await admits('http://[2001:db8::1]', '[2001:db8::1]', [])).toBe(true);
    expect(await admits('http://localhost:5173', 'localhost:8888', [])).toBe(true);
    expect(await admits('http://192.0.2.1', '192.0.2.2', [])).toBe(false);
    expect(await admits('http://192.0.2.1.evil.example', '192.0.2.1.evil.example', [])).toBe(false);
  });
});

describe('a function for origins', () => {
  it.each<[string, () => unknown]>([
    [
      'throws an error',
      () => {
        throw new Error('of the test');
      },
    ],
    [
      'throws null',
      () => {
        throw null;
      },
    ],
    [
      'throws an object without a text',
      () => {
        throw Object.create(null);
      },
    ],
    ['rejects with undefined', () => Promise.reject(undefined)],
    ['answers a string', () => 'true'],
  ])('admits no origin if it %s', async (_what, origins) => {
    const gate = new OriginPolicy({ origins: origins as () => boolean, hosts: [] }, true);
    const request = { headers: { origin: 'https://a.example', host: 'a.example' } } as IncomingMessage;
    expect(await gate.allows(request)).toBe(false);
  });
});
