import { Redis } from 'ioredis';
import { RealtimeUnavailableError, RedisBridge } from '../../src/realtime/index.js';
import { ClusterBus, type MessageKind, type QuestionKind } from '../../src/realtime/cluster/cluster-bus.js';
import { ClusterStatsService } from '../../src/realtime/cluster/instances/cluster-stats.service.js';
import { Counters } from '../../src/realtime/observability/counters.js';
import { integer, record, string } from '../../src/realtime/schemas/schema.js';
import { RealtimeApp } from '../realtime/support/realtime-app.js';
import { RedisProcess } from '../support/redis-process.js';
import { until } from '../support/until.js';

const NEWS: MessageKind<{ text: string }> = { topic: '$news', message: record<{ text: string }>({ text: string() }) };
const DOUBLE: QuestionKind<number, number> = { topic: '$double', message: integer(), answerTo: () => integer() };
const LOGGED: QuestionKind<number, number> = { ...DOUBLE, topic: '$logged', log: { size: 100, ttlMs: 60_000 } };

/** A question that the last instance answers when the test says so. */
const SLOW = 77;

describe.each(['memory', 'Redis'])('the cluster bus over %s', (engine) => {
  let redis: RedisProcess | null = null;
  let apps: RealtimeApp[];
  let buses: ClusterBus[];
  /** Questions that each instance was asked. */
  const asked = new Map<string, number[]>();
  let late: Promise<void>;

  beforeAll(async () => {
    if (engine === 'Redis') redis = await RedisProcess.start();
    const options = redis === null ? {} : { redis: { url: redis.url } };
    apps = [await RealtimeApp.start(options), ...(redis === null ? [] : [await RealtimeApp.start(options)])];
    buses = apps.map(({ app }) => app.get(ClusterBus));
    await until(() => apps.every(({ app }) => app.get(RedisBridge).status.up));
    for (const { app } of apps) await app.get(ClusterStatsService).announce();
    for (const bus of buses) {
      asked.set(bus.instanceId, []);
      const answer = async (question: number): Promise<number> => {
        asked.get(bus.instanceId)!.push(question);
        if (question === SLOW && bus === buses.at(-1)) await late;
        return 2 * question;
      };
      await Promise.all([bus.answer(DOUBLE, { answer }), bus.answer(LOGGED, { answer })]);
    }
  });
  afterAll(async () => {
    for (const app of apps) await app.close();
    await redis?.stop();
  });

  const ids = (): string[] => buses.map(({ instanceId }) => instanceId).toSorted();

  it('sends a message to every listening instance, with its sender', async () => {
    const received: unknown[] = [];
    for (const bus of buses) await bus.listen(NEWS, (message, from) => void received.push([message, from]));
    await buses[0]!.broadcast(NEWS, { text: 'ä' });
    await until(() => received.length === buses.length);
    expect(received).toEqual(buses.map(() => [{ text: 'ä' }, buses[0]!.instanceId]));
  });

  it.each([DOUBLE, LOGGED])('collects the answers of all instances: %j', async (kind) => {
    const { answers, missing, unknown } = await buses[0]!.ask(kind, 21, 5_000);
    expect([[...answers.keys()].toSorted(), [...answers.values()]]).toEqual([ids(), buses.map(() => 42)]);
    expect({ missing, unknown }).toEqual({ missing: [], unknown: 0 });
  });

  it('waits for an instance that answers late', async () => {
    let answerNow = (): void => undefined;
    late = new Promise((resolve) => (answerNow = resolve));
    let isComplete = false;
    const asking = buses[0]!.ask(DOUBLE, SLOW, 5_000).finally(() => (isComplete = true));
    await until(() => [...asked.values()].every((questions) => questions.includes(SLOW)));
    await buses[0]!.ask(DOUBLE, 1, 5_000); // the other answers to SLOW arrive before these
    expect(isComplete).toBe(false);
    answerNow();
    expect([...(await asking).answers.keys()].toSorted()).toEqual(ids());
  });

  it('rejects a question that the schema does not allow, and sends nothing', async () => {
    await expect(buses[0]!.ask(DOUBLE, 0.5, 5_000)).rejects.toThrow('must be a whole number');
    for (const questions of asked.values()) expect(questions).not.toContain(0.5);
  });

  if (engine === 'Redis') {
    it('asks each instance once, although the log is read again after a loss', async () => {
      const operator = new Redis(redis!.url);
      await buses[0]!.ask(LOGGED, 1_000, 5_000);
      await operator.del('rt:m:{$logged}', 'rt:h:{$logged}');
      const { missing } = await buses[0]!.ask(LOGGED, 1_001, 5_000);
      expect(missing).toEqual([]);
      for (const questions of asked.values()) expect(questions.slice(-2)).toEqual([1_000, 1_001]);
      operator.disconnect();
    });

    it('does not answer a recorded question again', async () => {
      const stranger = new Redis(redis!.url);
      const recorded: string[] = [];
      stranger.on('message', (_channel: string, message: string) => void recorded.push(message));
      await stranger.subscribe('rt:c:{$logged}');
      await buses[0]!.ask(LOGGED, 2_000, 5_000);
      await until(() => recorded.length > 0);
      await stranger.unsubscribe();
      const [epoch, offset, , ...body] = recorded[0]!.split(' ');
      const copy = `${epoch} ${Number(offset) + 1} 0000000000000002.1 ${body.join(' ')}`;
      await stranger.publish('rt:c:{$logged}', copy);
      await buses[0]!.ask(LOGGED, 2_001, 5_000);
      for (const questions of asked.values()) expect(questions.filter((one) => one === 2_000)).toHaveLength(1);
      stranger.disconnect();
    });

    it('counts an instance that listens and does not answer', async () => {
      const deaf = new Redis(redis!.url);
      await deaf.subscribe('rt:c:{$double}');
      const { answers, missing, unknown } = await buses[0]!.ask(DOUBLE, 1, 300);
      expect({ answers: [...answers.keys()].toSorted(), missing, unknown }).toEqual({
        answers: ids(),
        missing: [],
        unknown: 1,
      });
      deaf.disconnect();
    });

    it('skips and counts what does not match the schema, and continues', async () => {
      const stranger = new Redis(redis!.url);
      const counters = apps[1]!.app.get(Counters);
      const before = counters.foreignMessages;
      const bodies = ['hello', 'null', '{"from":"x"}', '{"from":"x","id":"i","at":1,"message":"x"}'];
      for (const topic of ['$news', '$double', '$logged', `$answers-${buses[1]!.instanceId}`]) {
        for (const body of bodies) await stranger.publish(`rt:c:{${topic}}`, `- 0 0000000000000000.1 ${body}`);
      }
      expect((await buses[0]!.ask(DOUBLE, 3, 5_000)).answers.size).toBe(2);
      expect((await buses[1]!.ask(LOGGED, 3, 5_000)).answers.size).toBe(2);
      expect(counters.foreignMessages - before).toBe(16);
      stranger.disconnect();
    });

    it('rejects a question that cannot be sent', async () => {
      await redis!.kill();
      await expect(buses[0]!.ask(DOUBLE, 5, 200)).rejects.toThrow(RealtimeUnavailableError);
    });
  }
});
