import { jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import type { IncomingMessage } from 'node:http';
import { recordLog } from '../../../test/support/log-lines.js';
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

describe('a list of origins', () => {
  const LIST = [
    ...['https://app.example.com', 'http://localhost:3000', 'https://*.example.org', 'capacitor://localhost'],
    'https://*.example.net:8443',
  ];
  const policy = new OriginPolicy({ origins: LIST, hosts: ['api.example.com'] }, false);
  const decide = (origin: string | undefined): Promise<boolean> =>
    policy.allows({ headers: { origin, host: 'api.example.com' } } as IncomingMessage);

  it.each([
    ...['https://app.example.com', 'http://localhost:3000', 'capacitor://localhost', 'https://a.example.org'],
    ...['https://b.a-1.example.org', 'https://a.example.net:8443', undefined],
  ])('allows %j', async (origin) => {
    expect(await decide(origin)).toBe(true);
  });

  it.each([
    ...['https://app.example.com.evil.org', 'https://evilexample.org', 'https://example.org', 'http://a.example.org'],
    ...['https://a.example.org:8443', 'https://a.example.net', 'https://evil.com/.example.org', 'https://.example.org'],
    ...['https://a..example.org', 'https://api.example.com', 'http://localhost', 'null', '', 'self', '*'],
  ])('refuses %j', async (origin) => {
    expect(await decide(origin)).toBe(false);
  });

  it.each([
    ['*', 'https://evil.example', true],
    ['null', 'null', true],
    ['null', 'https://evil.example', false],
  ])('that is %s: %s', async (list, origin, isAllowed) => {
    const other = new OriginPolicy({ origins: [list], hosts: [] }, true);
    expect(await other.allows({ headers: { origin, host: 'a' } } as IncomingMessage)).toBe(isAllowed);
  });
});

describe('without origins', () => {
  const decide = (origin: string, host: string | undefined, isProduction = false): Promise<boolean> =>
    new OriginPolicy({ hosts: [] }, isProduction).allows({ headers: { origin, host } } as IncomingMessage);

  it.each([
    ['http://api.example.com:5173', 'api.example.com:8888'],
    ['http://192.0.2.1:8888', '192.0.2.1:8888'],
    ['http://localhost:5173', 'api.example.com'],
    ['https://127.0.0.1:8443', 'other'],
    ['http://[::1]:8888', 'other'],
    ['http://app.localhost', 'other'],
  ])('allows the host of the service and this machine: %s at %s', async (origin, host) => {
    expect(await decide(origin, host)).toBe(true);
  });

  it.each([
    ['https://evil.org', 'api.example.com'],
    ['http://api.example.com@evil.org', 'api.example.com'],
    ['http://api.example.com/', 'api.example.com'],
    ['http://localhost.evil.org', 'localhost'],
    ['http://evillocalhost', 'other'],
    ['null', 'null'],
    ['http://a:99999', 'a'],
    ['https://evil.org', undefined],
  ])('refuses another site: %s at %s', async (origin, host) => {
    expect(await decide(origin, host)).toBe(false);
  });

  it('allows only an IP address or this machine in production', async () => {
    expect(await decide('http://api.example.com', 'api.example.com', true)).toBe(false);
    expect(await decide('http://192.0.2.1', '192.0.2.1', true)).toBe(true);
  });
});

describe('the log of refused origins', () => {
  afterEach(() => {
    jest.useRealTimers();
    Logger.overrideLogger(true);
  });

  it('has one line a minute, with the number of the others', async () => {
    jest.useFakeTimers();
    const lines = recordLog();
    const policy = new OriginPolicy({ origins: [], hosts: [] }, true);
    const refuse = async (origin: string): Promise<void> => {
      await policy.allows({ headers: { origin } } as IncomingMessage);
    };
    for (const origin of ['https://a.example', 'https://b.example', 'https://c.example']) await refuse(origin);
    jest.advanceTimersByTime(59_999);
    await refuse('https://d.example');
    expect(lines).toEqual([expect.stringContaining('https://a.example')]);
    expect(lines[0]).toContain('its origin is not allowed (option `origins`)');
    expect(lines[0]).not.toContain('more since');
    jest.advanceTimersByTime(1);
    await refuse('https://e.example');
    expect(lines[1]).toContain('https://e.example');
    expect(lines[1]).toContain('(and 3 more since the last message)');
    jest.advanceTimersByTime(60_000);
    await refuse('https://f.example');
    expect(lines[2]).not.toContain('more since');
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
    ['never answers', () => new Promise(() => undefined)],
    ['rejects with undefined', () => Promise.reject(undefined)],
    ['answers a string', () => 'true'],
  ])('allows no origin if it %s', async (_what, origins) => {
    const policy = new OriginPolicy({ origins: origins as () => boolean, hosts: [] }, true);
    const request = { headers: { origin: 'https://a.example', host: 'a.example' } } as IncomingMessage;
    jest.useFakeTimers();
    const allowed = policy.allows(request);
    await jest.advanceTimersByTimeAsync(5_000);
    jest.useRealTimers();
    expect(await allowed).toBe(false);
  });

  it('can answer at once or later', async () => {
    for (const origins of [() => true, () => Promise.resolve(true)]) {
      const policy = new OriginPolicy({ origins, hosts: [] }, true);
      expect(await policy.allows({ headers: { origin: 'https://a.example' } } as IncomingMessage)).toBe(true);
    }
  });
});
