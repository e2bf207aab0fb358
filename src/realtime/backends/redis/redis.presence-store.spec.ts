import type { RedisBroker } from './redis.broker.js';
import { RealtimeUnavailableError } from '../../broker/errors.js';
import type { InstanceDirectory } from '../../cluster/instances/instance-directory.js';
import { RedisPresenceStore } from './redis.presence-store.js';

const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

/** A Redis that answers a number of commands and then becomes unavailable. */
class FailingRedis {
  commands = 0;
  answers = Infinity;
  readonly keys = { presence: (channel: string) => `p:${channel}` };
  fields: string[] = [];

  async command(run: (client: object) => unknown): Promise<unknown> {
    this.commands += 1;
    const fails = this.commands > this.answers;
    await turn();
    if (fails) throw new RealtimeUnavailableError('Redis is unavailable');
    return run({ hset: () => 1, hdel: () => 1, pexpire: () => 1, hscan: () => ['0', this.fields] });
  }

  commandOn(_key: string, run: (client: object) => unknown): Promise<unknown> {
    return this.command(run);
  }
}

describe('RedisPresenceStore while Redis fails', () => {
  let redis: FailingRedis;
  let store: RedisPresenceStore;
  let living: () => Promise<ReadonlySet<string>>;
  let unhandled: unknown[];
  const note = (error: unknown): void => void unhandled.push(error);

  beforeEach(() => {
    redis = new FailingRedis();
    living = async () => new Set(['here']);
    unhandled = [];
    process.on('unhandledRejection', note);
    const directory = { id: 'here', registrations: 1, living: () => living() } as unknown as InstanceDirectory;
    store = new RedisPresenceStore(redis as unknown as RedisBroker, directory);
  });
  afterEach(async () => {
    for (let count = 0; count < 5; count += 1) await turn();
    process.off('unhandledRejection', note);
    if (unhandled.length > 0) throw new Error(`Unhandled rejections: ${String(unhandled)}`);
  });

  /** Enough users that setting and removing them takes two commands each. */
  const changes = (): Map<string, number | null> =>
    new Map(Array.from({ length: 3_000 }, (_, index) => [`u${index}`, index < 1_500 ? 1 : null]));

  it('resolves a write after five commands', async () => {
    await store.write('c', changes());
    expect(redis.commands).toBe(5);
  });

  it.each([0, 1, 2, 3, 4])(
    'rejects a write if Redis fails after %i of its five commands, and sends no more',
    async (answers) => {
      redis.answers = answers;
      await expect(store.write('c', changes())).rejects.toMatchObject({ code: 'unavailable' });
      expect(redis.commands).toBe(answers + 1);
    },
  );

  it.each([0, 1])('rejects a read if Redis fails after %i of its two commands', async (answers) => {
    redis.fields = ['dead:u1', '1', 'here:u2', '1'];
    redis.answers = answers;
    await expect(store.read('c')).rejects.toMatchObject({ code: 'unavailable' });
    expect(redis.commands).toBe(answers + 1);
  });

  it('rejects a read if the live instances are unknown, so that none counts as dead', async () => {
    redis.fields = ['other:u1', '1'];
    living = () => Promise.reject(new RealtimeUnavailableError('Redis is unavailable'));
    await expect(store.read('c')).rejects.toMatchObject({ code: 'unavailable' });
    expect(redis.commands).toBe(1);
  });

  it('rejects a keep', async () => {
    redis.answers = 0;
    await expect(store.keep('c')).rejects.toMatchObject({ code: 'unavailable' });
  });
});
