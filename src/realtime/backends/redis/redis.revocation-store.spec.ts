import { Redis } from 'ioredis';
import { capacityFor, RevocationsFullError, type Revocation } from '../../auth/revocation.js';
import { ClusterSeal } from '../../auth/cluster-seal.js';
import { RedisBroker } from './redis.broker.js';
import { RealtimeClock } from '../../timing/realtime-clock.js';
import { MemoryRevocationStore } from '../memory/memory.revocation-store.js';
import { RedisRevocationStore } from './redis.revocation-store.js';
import { SealedRevocations } from '../../cluster/control/sealed-revocations.js';
import { ForeignData } from '../../observability/foreign-data.js';
import { Counters } from '../../observability/counters.js';
import { RedisProcess } from '../../../../test/support/redis-process.js';
import { until } from '../../../../test/support/until.js';

const LATER = Date.now() + 3_600_000;
const session = (id: string, end = LATER): Revocation => ({ kind: 'session', id, until: end });

describe.each(['memory', 'Redis'])('the revocation store: %s', (engine) => {
  let redis: RedisProcess | null = null;
  let broker: RedisBroker | null = null;
  let stranger: Redis | null = null;
  let store: SealedRevocations;

  beforeAll(async () => {
    if (engine === 'memory') return;
    redis = await RedisProcess.start();
    broker = new RedisBroker({ url: redis.url }, 'rt:', new ForeignData(new Counters()));
    stranger = new Redis(redis.url);
    await until(() => broker!.status.up);
  });
  afterAll(async () => {
    stranger?.disconnect();
    await broker?.close();
    await redis?.stop();
  });
  beforeEach(async () => {
    await stranger?.flushall();
    const kept = broker === null ? new MemoryRevocationStore(new RealtimeClock()) : new RedisRevocationStore(broker);
    store = new SealedRevocations(kept, new ClusterSeal([]), new ForeignData(new Counters()));
  });

  const all = async (): Promise<Revocation[]> =>
    (await store.all()).toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));

  it('returns all added revocations with their times, with any characters in ids', async () => {
    const added: Revocation[] = [
      { kind: 'all', before: 5, until: LATER },
      { kind: 'session', id: 'jti *?[x]\r\n{"', until: Infinity },
      { kind: 'user', id: 'ä b', before: 7.5, until: LATER },
    ];
    for (const revocation of added) await store.add(revocation);
    expect(await all()).toEqual(added);
  });

  it('drops expired revocations', async () => {
    await store.add(session('short', Date.now() + 40));
    await store.add(session('long'));
    const over = Date.now() + 45;
    await until(() => Date.now() > over);
    expect(await all()).toEqual([session('long')]);
    await store.add(session('another'));
    expect(await all()).toEqual([session('another'), session('long')]);
  });

  it('keeps the later expiry of two revocations, and replaces a superseded one', async () => {
    await store.add(session('a'));
    await store.add(session('a', LATER - 1_000));
    const first: Revocation = { kind: 'user', id: 'u', before: 1, until: LATER };
    const second: Revocation = { ...first, before: 2 };
    await store.add(first);
    await store.add(second, first);
    expect(await all()).toEqual([session('a'), second]);
  });

  it('limits the number of sessions, and still accepts revocations of a user and of all', async () => {
    const most = capacityFor(session('any'));
    const ids = Array.from({ length: most }, (_, index) => `s${index}`);
    if (stranger === null) for (const id of ids) await store.add(session(id));
    await stranger?.eval(
      `for i = 0, ARGV[1] - 1 do redis.call('ZADD', 'rt:revoked', ARGV[2], '{"kind":"session","id":"s' .. i .. '"}') end`,
      ...[0, most, LATER],
    );
    await expect(store.add(session('one too many'))).rejects.toThrow(RevocationsFullError);
    await store.add(session('s5'));
    await store.add({ kind: 'user', id: 'ann', before: 1, until: LATER });
    await store.add({ kind: 'all', before: 1, until: LATER });
    expect(await store.all()).toHaveLength(most + 2);
  });

  it('skips entries of other programs', async () => {
    await stranger?.zadd('rt:revoked', LATER, 'rubbish', LATER, '{"kind":"user"}', LATER, 'null', LATER, '[1]');
    await store.add(session('real'));
    expect(await all()).toEqual([session('real')]);
  });
});
