import { Redis } from 'ioredis';
import { RedisBroker } from '../../src/realtime/broker/redis.broker.js';
import type { RedisTarget } from '../../src/realtime/broker/redis/redis-target.js';
import { RedisNode } from '../fault/redis-node.js';
import { makeCertificate, tlsSettings, type TestCertificate } from '../support/certificate.js';
import { freePort } from '../support/ports.js';
import { RedisProcess } from '../support/redis-process.js';
import { makeTemporaryDirectory, removeDirectory } from '../support/temporary-directory.js';
import { until } from '../support/until.js';
import { describeBroker } from './broker-suite.js';

const HISTORY = { size: 10, ttlMs: 60_000 };

describe('Redis with TLS', () => {
  let directory: string;
  let server: TestCertificate;
  let client: TestCertificate;
  let redis: RedisProcess;
  let tlsPort: number;

  beforeAll(async () => {
    directory = await makeTemporaryDirectory();
    [server, client] = [await makeCertificate(), await makeCertificate('client')];
    tlsPort = await freePort();
    redis = await RedisProcess.start({
      bind: '127.0.0.1 127.0.0.2',
      'tls-port': String(tlsPort),
      ...(await tlsSettings(directory, server, client)),
      'tls-auth-clients': 'no',
    });
    const admin = new Redis(redis.url);
    await admin.call('ACL', 'SETUSER', 'alice', 'on', '>p@ss/word', '~*', '&*', '+@all');
    admin.disconnect();
  });
  afterAll(async () => {
    await redis.stop();
    await removeDirectory(directory);
  });

  const url = (): string => `rediss://localhost:${tlsPort}`;
  const trusting = (): RedisTarget => ({ url: url(), tls: { ca: server.cert } });

  /** What is said of a server that cannot be used, and that it goes on being tried. */
  async function expectSaid(target: RedisTarget, expected: RegExp): Promise<void> {
    const broker = new RedisBroker(target, 'rt:');
    try {
      await until(() => expected.test(broker.status.reason ?? ''));
      expect(broker.status.up).toBe(false);
      const emitted = broker.publish({ channel: 'apps:created', body: 'x', history: HISTORY, timeoutMs: 300 });
      await expect(emitted).rejects.toThrow('Not published in time');
    } finally {
      await broker.close();
    }
  }

  async function ready(target: RedisTarget): Promise<RedisBroker> {
    const broker = new RedisBroker(target, 'rt:');
    await until(() => broker.status.up);
    return broker;
  }

  describeBroker('RedisBroker over TLS', () => ready(trusting()));

  it('signs in with a user and a password that are percent-encoded in the URL', async () => {
    const credentials = `alice:${encodeURIComponent('p@ss/word')}@localhost`;
    const broker = await ready({ ...trusting(), url: `rediss://${credentials}:${tlsPort}` });
    const admin = new Redis(redis.url);
    expect(String(await admin.client('LIST'))).toMatch(/name=nestjs-realtime .*user=alice/);
    admin.disconnect();
    await broker.close();
  });

  it('speaks TLS with Sentinels too', async () => {
    const port = await freePort();
    const sentinel = await RedisNode.start({
      sentinel: true,
      config: [
        ...Object.entries({ ...(await tlsSettings(directory, server)), 'tls-port': port }),
        ['tls-replication', 'yes'],
        ['sentinel', `monitor mymaster 127.0.0.1 ${tlsPort} 1`],
      ].map((line) => line.join(' ')),
    });
    const broker = await ready({
      url: 'rediss://localhost',
      tls: { ca: server.cert },
      sentinels: [{ host: 'localhost', port }],
      sentinelName: 'mymaster',
    });
    expect(broker.status).toEqual({ up: true });
    await broker.close();
    await sentinel.stop();
  });

  it('a certificate that nobody vouches for: says what to give', () =>
    expectSaid({ url: url() }, /certificate is not trusted: .*`redis.tlsCa` \(self-signed certificate/));

  it('a certificate for another host: says so', () =>
    expectSaid({ url: `rediss://127.0.0.2:${tlsPort}`, tls: { ca: server.cert } }, /certificate is for another host/));

  it('another authority than the one that signed: says so', () =>
    expectSaid({ url: url(), tls: { ca: client.cert } }, /certificate is not trusted/));

  it('a port without TLS: says so', () =>
    expectSaid(
      { ...trusting(), url: `rediss://localhost:${redis.port}` },
      /does not speak TLS on this port|is this its TLS port/,
    ));

  it('a wrong password: says so, and is used once it is right', async () => {
    const broker = new RedisBroker({ ...trusting(), url: `rediss://bob:secret@localhost:${tlsPort}` }, 'rt:');
    await until(() => /refuses the user or the password \(WRONGPASS/.test(broker.status.reason ?? ''));
    expect(broker.status.reason).not.toContain('secret');
    const admin = new Redis(redis.url);
    await admin.call('ACL', 'SETUSER', 'bob', 'on', '>secret', '~*', '&*', '+@all');
    await until(() => broker.status.up);
    admin.disconnect();
    await broker.close();
  });

  it('asks for a certificate of its clients: says so, and is used with one', async () => {
    const admin = new Redis(redis.url);
    await admin.config('SET', 'tls-auth-clients', 'yes');
    await expectSaid(trusting(), /asks for a certificate of this client.* give `redis.tlsCert`/);
    const broker = await ready({ url: url(), tls: { ca: server.cert, ...client } });
    await broker.close();
    await admin.config('SET', 'tls-auth-clients', 'no');
    admin.disconnect();
  });
});
