import { Logger } from '@nestjs/common';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { until } from '../../../test/support/until.js';
import { resolveOptions } from '../options/resolve-options.js';
import { JwksKeys } from './jwks-keys.js';

const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const JWKS = JSON.stringify({ keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'one', alg: 'ES256' }] });
const HEADER = { alg: 'ES256', kid: 'one' } as const;

describe('JwksKeys', () => {
  let issuer: Server;
  let status = 200;
  let requests = 0;
  const lines: string[] = [];

  beforeAll(async () => {
    issuer = createServer((_request, response) => {
      requests += 1;
      response.writeHead(status, { 'content-type': 'application/json', connection: 'close' }).end(JWKS);
    }).listen(0, '127.0.0.1');
    await once(issuer, 'listening');
    const log = (level: string) => (message: string) => void lines.push(`${level}: ${message}`);
    Logger.overrideLogger({ log: log('log'), warn: log('warn'), error: log('error') });
  });
  beforeEach(() => {
    [status, requests] = [200, 0];
    lines.splice(0);
  });
  afterAll(() => {
    Logger.overrideLogger(false);
    issuer.close();
  });

  const keysWith = (jwksCooldownMs: number, jwksMaxAgeMs = 600_000): JwksKeys => {
    const { port } = issuer.address() as AddressInfo;
    const jwksUrl = `http://127.0.0.1:${port}/keys?secret=hidden`;
    return new JwksKeys(Object.assign(resolveOptions({ jwt: { jwksUrl } }).jwt, { jwksCooldownMs, jwksMaxAgeMs }));
  };

  it('logs one warning for an outage and one line for its end, without the query of the URL', async () => {
    const keys = keysWith(0);
    status = 503;
    for (let attempt = 0; attempt < 3; attempt += 1)
      await expect(keys.keysFor(HEADER)).rejects.toThrow('Expected 200 OK');
    expect(keys.status.up).toBe(false);
    expect(lines).toEqual([expect.stringMatching(/^warn: The signing keys cannot be fetched from .*until they are/)]);
    status = 200;
    expect(await keys.keysFor(HEADER)).toHaveLength(1);
    expect(keys.status).toEqual({ up: true });
    expect(lines.slice(1)).toEqual([expect.stringMatching(/^log: The signing keys were fetched again from http/)]);
    expect(lines.join('\n')).not.toContain('hidden');
  });

  it('keeps the known keys if the issuer fails, and says so', async () => {
    const keys = keysWith(0);
    await keys.keysFor(HEADER);
    expect(lines).toEqual([]);
    status = 503;
    await expect(keys.keysFor({ alg: 'ES256', kid: 'unknown' })).rejects.toThrow('Expected 200 OK');
    expect(lines).toEqual([expect.stringContaining('the known keys stay in use')]);
    expect(await keys.keysFor(HEADER)).toHaveLength(1);
    expect(keys.status).toEqual({ up: true });
  });

  it.each([
    ['again after their age, if that succeeded', 200, 0, 5],
    ['again after the cooldown, if that failed', 503, 5, 60_000],
  ])('fetches the keys at the start, and %s', async (_what, answered, cooldownMs, maxAgeMs) => {
    status = answered;
    const keys = keysWith(cooldownMs, maxAgeMs);
    keys.onApplicationBootstrap();
    await until(() => requests >= 3);
    keys.onApplicationShutdown();
    expect(keys.status.up).toBe(answered === 200);
  });

  it('fetches nothing after the shutdown, also if that was during a fetch', async () => {
    const keys = keysWith(0, 1);
    keys.onApplicationBootstrap();
    keys.onApplicationShutdown();
    await until(() => keys.status.up);
    await new Promise((resolve) => void setTimeout(resolve, 20));
    expect(requests).toBe(1);
  });

  it('says that it waits for the first fetch', () => {
    expect(keysWith(0).status).toEqual({
      up: false,
      reason: 'The signing keys cannot be fetched: the first fetch has not finished',
    });
  });

  it('fetches once for concurrent tokens, and not again within the cooldown', async () => {
    const keys = keysWith(60_000);
    await Promise.all([keys.keysFor(HEADER), keys.keysFor(HEADER), keys.keysFor(HEADER)]);
    for (const kid of ['a', 'b']) {
      await expect(keys.keysFor({ alg: 'ES256', kid })).rejects.toThrow('not fetched again yet');
    }
    expect(requests).toBe(1);
  });
});
