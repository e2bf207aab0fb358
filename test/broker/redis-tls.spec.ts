import { Redis } from 'ioredis';
import { RedisBroker } from '../../src/realtime/backends/redis/redis.broker.js';
import type { RedisTarget } from '../../src/realtime/backends/redis/redis-address.js';
import { RedisNode } from '../fault/redis-node.js';
import { makeCertificate, tlsSettings, type TestCertificate } from '../support/certificate.js';
import { freePort } from '../support/ports.js';
import { RedisProcess } from '../support/redis-process.js';
import { makeTemporaryDirectory, removeDirectory } from '../support/temporary-directory.js';
import { until } from '../support/until.js';
import { describeBroker } from '../../src/testing/backend/index.js';

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

  /** Checks that the problem of an unusable server is reported, and that the broker keeps trying. */
  async function expectProblem(target: RedisTarget, expected: RegExp): Promise<void> {
    const broker = new RedisBroker(target, 'rt:');
    try {
      await until(() => expected.test(broker.status.reason ?? ''));
      expect(broker.status.up).toBe(false);
      const emitted = broker.publish({ topic: 'apps:created', body: 'x', history: HISTORY, timeoutMs: 300 });
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

  it('logs in with a percent-encoded user and password', async () => {
    const credentials = `alice:${encodeURIComponent('p@ss/word')}@localhost`;
    const broker = await ready({ ...trusting(), url: `rediss://${credentials}:${tlsPort}` });
    const admin = new Redis(redis.url);
    expect(String(await admin.client('LIST'))).toMatch(/name=nestjs-realtime .*user=alice/);
    admin.disconnect();
    await broker.close();
  });

  it('uses TLS for Sentinels, too', async () => {
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

  describe('with a Cluster', () => {
    const nodes: RedisNode[] = [];
    let cluster: RedisTarget;

    beforeAll(async () => {
      const ports = [await freePort(), await freePort()];
      const shared = [
        ...Object.entries(await tlsSettings(directory, server)).map((setting) => setting.join(' ')),
        ...['tls-cluster yes', 'cluster-enabled yes', 'cluster-announce-ip 127.0.0.1'],
      ];
      for (const port of ports) {
        const bus = await freePort();
        nodes.push(await RedisNode.start({ config: [...shared, `tls-port ${port}`, `cluster-port ${bus}`] }));
        await nodes[0]!.command('CLUSTER', 'MEET', '127.0.0.1', port, bus);
      }
      await nodes[0]!.command('CLUSTER', 'ADDSLOTSRANGE', 0, 8_191);
      await nodes[1]!.command('CLUSTER', 'ADDSLOTSRANGE', 8_192, 16_383);
      for (const node of nodes) {
        while (!String(await node.command('CLUSTER', 'INFO')).includes('cluster_state:ok')) {
          await new Promise((resolve) => void setTimeout(resolve, 20));
        }
      }
      cluster = { ...trusting(), url: 'rediss://localhost', cluster: [{ host: 'localhost', port: ports[0]! }] };
    }, 60_000);
    afterAll(async () => {
      for (const node of nodes) await node.stop();
    });

    describeBroker('RedisBroker over TLS with a Cluster', () => ready(cluster));

    it('uses TLS for each node', async () => {
      const broker = await ready(cluster);
      // Their slots are on both nodes.
      for (const channel of ['apps:created', 'apps:updated', 'apps:deleted', 'apps:status']) {
        await broker.publish({ topic: channel, body: 'x', history: HISTORY, timeoutMs: 5_000 });
      }
      const kept = await Promise.all(nodes.map((node) => node.command('DBSIZE')));
      expect(kept.every((keys) => Number(keys) > 0)).toBe(true);
      await broker.close();
    });

    it('publishes all events of a channel on one node, also without history, because there is no order between two nodes', async () => {
      const broker = await ready(cluster);
      for (const node of nodes) await node.command('CONFIG', 'RESETSTAT');
      const publish = (index: number): Promise<unknown> =>
        broker.publish({ topic: 'apps:created', body: `m${index}`, history: null, timeoutMs: 5_000 });
      await Promise.all(Array.from({ length: 40 }, (_, index) => publish(index)));
      const ran = await Promise.all(nodes.map((node) => node.command('INFO', 'commandstats')));
      const calls = ran.map((stats) => Number(/cmdstat_publish:calls=(\d+)/.exec(String(stats))?.[1] ?? 0));
      expect(Math.max(...calls)).toBeGreaterThanOrEqual(40);
      expect(Math.min(...calls)).toBeLessThan(5); // self-pings
      await broker.close();
    });
  });

  it('an untrusted certificate is reported with the option to set', () =>
    expectProblem({ url: url() }, /certificate is not trusted: set `redis.tlsCa` to .* \(self-signed certificate/));

  it('a certificate for another host is reported', () =>
    expectProblem(
      { url: `rediss://127.0.0.2:${tlsPort}`, tls: { ca: server.cert } },
      /certificate is for another host/,
    ));

  it('a certificate of another authority is reported', () =>
    expectProblem({ url: url(), tls: { ca: client.cert } }, /certificate is not trusted/));

  it('a port without TLS is reported', () =>
    expectProblem(
      { ...trusting(), url: `rediss://localhost:${redis.port}` },
      /does not speak TLS on this port|that this is its TLS port/,
    ));

  it('a wrong password is reported, and retried until it is accepted', async () => {
    const broker = new RedisBroker({ ...trusting(), url: `rediss://bob:secret@localhost:${tlsPort}` }, 'rt:');
    await until(() => /refused the user name or the password \(WRONGPASS/.test(broker.status.reason ?? ''));
    expect(broker.status.reason).not.toContain('secret');
    const admin = new Redis(redis.url);
    await admin.call('ACL', 'SETUSER', 'bob', 'on', '>secret', '~*', '&*', '+@all');
    await until(() => broker.status.up);
    admin.disconnect();
    await broker.close();
  });

  it('a missing client certificate is reported, and one that is set is used', async () => {
    const admin = new Redis(redis.url);
    await admin.config('SET', 'tls-auth-clients', 'yes');
    await expectProblem(trusting(), /requires a client certificate.* set `redis.tlsCert`/);
    const broker = await ready({ url: url(), tls: { ca: server.cert, ...client } });
    await broker.close();
    await admin.config('SET', 'tls-auth-clients', 'no');
    admin.disconnect();
  });
});
