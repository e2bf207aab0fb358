import type { IncomingMessage } from 'node:http';
import { OriginPolicy } from './origin-policy.js';

const allows = (origin: string, host: string, hosts: string[], isProduction = true): Promise<boolean> =>
  new OriginPolicy({ origins: ['self'], hosts }, isProduction).allows({ headers: { origin, host } } as IncomingMessage);

describe('self', () => {
  it('allows the configured hosts and ignores the header `Host`', async () => {
    expect(await allows('https://app.example.com', 'internal:8888', ['app.example.com'])).toBe(true);
    expect(await allows('https://app.example.com:8443', 'x', ['app.example.com'], false)).toBe(true);
    expect(await allows('https://other.example.com', 'other.example.com', ['app.example.com'])).toBe(false);
  });

  it('rejects a host name that an attacker resolves to this service, in production or with `hosts`', async () => {
    expect(await allows('http://evil.example', 'evil.example', [])).toBe(false);
    expect(await allows('http://evil.example', 'evil.example', ['app.example.com'])).toBe(false);
    expect(await allows('http://evil.example', 'evil.example', ['app.example.com'], false)).toBe(false);
  });

  it('allows an IP address and localhost without configuration, because DNS cannot redirect them', async () => {
    expect(await allows('http://192.0.2.1:8888', '192.0.2.1:8888', [])).toBe(true);
    expect(await allows('http://[2001:db8::1]', '[2001:db8::1]', [])).toBe(true);
    expect(await allows('http://localhost:5173', 'localhost:8888', [])).toBe(true);
    expect(await allows('http://192.0.2.1', '192.0.2.2', [])).toBe(false);
    expect(await allows('http://192.0.2.1.evil.example', '192.0.2.1.evil.example', [])).toBe(false);
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
      'throws an object without a message',
      () => {
        throw Object.create(null);
      },
    ],
    ['rejects with undefined', () => Promise.reject(undefined)],
    ['answers a string', () => 'true'],
  ])('allows no origin if it %s', async (_what, origins) => {
    const policy = new OriginPolicy({ origins: origins as () => boolean, hosts: [] }, true);
    const request = { headers: { origin: 'https://a.example', host: 'a.example' } } as IncomingMessage;
    expect(await policy.allows(request)).toBe(false);
  });
});
