import { jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { LinkedCluster, type LinkedBroker } from '../../../test/support/linked-cluster.js';
import { recordLog } from '../../../test/support/log-lines.js';
import { OfflineGateway } from '../../../test/support/offline-gateway.js';
import { until } from '../../../test/support/until.js';
import { Counters } from '../observability/counters.js';
import { integer, record, string } from '../schemas/schema.js';
import { ClusterBus, type Answers, type MessageKind, type QuestionKind } from './cluster-bus.js';
import { ClusterStatsService } from './instances/cluster-stats.service.js';

const NEWS: MessageKind<{ text: string }> = { topic: '$news', message: record<{ text: string }>({ text: string() }) };
const DOUBLE: QuestionKind<number, number> = { topic: '$double', message: integer(), answerTo: () => integer() };
const LOGGED: QuestionKind<number, number> = { ...DOUBLE, topic: '$logged', log: { size: 100, ttlMs: 60_000 } };

/** One of the instances, with the questions that it was asked. */
interface Member {
  readonly gateway: OfflineGateway;
  readonly bus: ClusterBus;
  readonly broker: LinkedBroker;
  readonly asked: number[];
  missed: number;
}

describe('the cluster bus of two instances', () => {
  let cluster: LinkedCluster;
  let here: Member;
  let there: Member;
  /** Called before the second instance answers. */
  let meanwhile: () => void | Promise<void>;

  async function join(): Promise<Member> {
    let broker: LinkedBroker | undefined;
    const gateway = await OfflineGateway.start({ backend: cluster.join((made) => (broker = made)) });
    const bus = gateway.app.get(ClusterBus);
    await gateway.app.get(ClusterStatsService).announce();
    return { gateway, bus, broker: broker as LinkedBroker, asked: [], missed: 0 };
  }
  async function answer(member: Member): Promise<void> {
    const handler = {
      answer: async (question: number): Promise<number> => {
        member.asked.push(question);
        if (member === there) await meanwhile();
        return 2 * question;
      },
      missed: () => void (member.missed += 1),
    };
    await Promise.all([member.bus.answer(DOUBLE, handler), member.bus.answer(LOGGED, handler)]);
  }

  beforeAll(async () => {
    cluster = new LinkedCluster();
    [here, there] = [await join(), await join()];
    await answer(here);
    await answer(there);
  });
  beforeEach(() => {
    meanwhile = () => undefined;
    for (const member of [here, there]) Object.assign(member, { asked: [], missed: 0 });
  });
  afterAll(async () => {
    await there.gateway.close();
    await here.gateway.close();
    Logger.overrideLogger(true);
  });

  const summary = ({ answers, ...rest }: Answers<number>): object => ({
    answers: Object.fromEntries(answers),
    ...rest,
  });
  const complete = (value: number): object => ({
    answers: { [here.bus.instanceId]: value, [there.bus.instanceId]: value },
    missing: [],
    unknown: 0,
  });

  it('sends a message to every listening instance, with its sender', async () => {
    const received: unknown[] = [];
    for (const { bus } of [here, there]) await bus.listen(NEWS, (message, from) => void received.push([message, from]));
    await here.bus.broadcast(NEWS, { text: 'ä' });
    await until(() => received.length === 2);
    expect(received).toEqual(Array(2).fill([{ text: 'ä' }, here.bus.instanceId]));
  });

  it.each([DOUBLE, LOGGED])('collects the answers of all instances: %j', async (kind) => {
    meanwhile = () => new Promise(setImmediate);
    expect(summary(await here.bus.ask(kind, 21, 5_000))).toEqual(complete(42));
    expect([here.asked, there.asked]).toEqual([[21], [21]]);
    expect([...here.bus.known.keys()].toSorted()).toEqual([here, there].map(({ bus }) => bus.instanceId).toSorted());
  });

  it('names an instance that does not answer in time, and does not wait for it longer', async () => {
    meanwhile = () => new Promise(() => undefined);
    const result = await here.bus.ask(DOUBLE, 1, 20);
    expect(summary(result)).toEqual({
      answers: { [here.bus.instanceId]: 2 },
      missing: [there.bus.instanceId],
      unknown: 0,
    });
  });

  it('counts an instance that listens, but is not in the directory', async () => {
    const stranger = await new Promise<LinkedBroker>((resolve) => {
      void cluster.join(resolve)({ clock: { now: () => 0 } } as never);
    });
    await stranger.subscribe(DOUBLE.topic, null);
    expect(await here.bus.ask(DOUBLE, 1, 20)).toMatchObject({ missing: [], unknown: 1 });
    await stranger.close();
  });

  it('does not know who received a question if the broker fails after it was sent', async () => {
    const failing = jest.spyOn(here.broker, 'listeners').mockRejectedValue(new Error('of the test'));
    expect(await here.bus.ask(DOUBLE, 1, 20)).toMatchObject({ missing: [], unknown: 1 });
    failing.mockRestore();
  });

  it('remembers the instances that it knew before the directory lost its data', async () => {
    await here.bus.ask(DOUBLE, 1, 5_000);
    const reports = new Map(cluster.reports);
    cluster.reports.clear();
    meanwhile = () => new Promise(() => undefined);
    expect((await here.bus.ask(DOUBLE, 1, 20)).missing).toEqual([there.bus.instanceId]);
    for (const [id, report] of reports) cluster.reports.set(id, report);
  });

  it('rejects a question that the schema does not allow, and sends nothing', async () => {
    await expect(here.bus.ask(DOUBLE, 0.5, 5_000)).rejects.toThrow('must be a whole number');
    expect([here.asked, there.asked]).toEqual([[], []]);
  });

  it('waits for an instance that is cut off if the question has a log, and it answers once it is back', async () => {
    there.broker.cutOff();
    expect(await here.bus.ask(LOGGED, 3, 20)).toMatchObject({ missing: [there.bus.instanceId], unknown: 0 });
    expect(there.bus.isReachable).toBe(false);
    await there.broker.rejoin();
    await until(() => there.asked.length > 0);
    expect([there.asked, there.missed, there.bus.isReachable]).toEqual([[3], 0, true]);
    expect(summary(await here.bus.ask(LOGGED, 4, 5_000))).toEqual(complete(8));
    expect(there.asked).toEqual([3, 4]);
  });

  it('asks each instance once after the log was lost, and reports the loss', async () => {
    await here.bus.ask(LOGGED, 5, 5_000);
    await cluster.lose();
    for (const { gateway } of [here, there]) await gateway.app.get(ClusterStatsService).announce();
    expect(summary(await here.bus.ask(LOGGED, 6, 5_000))).toEqual(complete(12));
    expect([here.asked, there.asked]).toEqual([
      [5, 6],
      [5, 6],
    ]);
    expect([here.missed, there.missed]).toEqual([1, 1]);
  });

  it('skips and counts what no instance wrote, live and in the log', async () => {
    const counters = there.gateway.app.get(Counters);
    const before = counters.foreignMessages;
    const bodies = ['hello', 'null', '{"from":"x"}', '{"from":"x","id":"i","at":1,"message":"x"}'];
    for (const topic of ['$news', '$double', '$logged', `$answers-${there.bus.instanceId}`]) {
      const history = topic === '$logged' ? LOGGED.log : undefined;
      for (const body of bodies) await here.broker.publish({ topic, body, history: history ?? null, timeoutMs: 1_000 });
    }
    expect((await here.bus.ask(LOGGED, 7, 5_000)).answers.size).toBe(2);
    expect(counters.foreignMessages - before).toBe(16);
  });

  it('does not ask an instance that starts later, and skips foreign entries of the log', async () => {
    await here.bus.ask(LOGGED, 8, 5_000);
    const late = await join();
    const lines = recordLog();
    await answer(late);
    expect(lines).toEqual([expect.stringContaining('warn: An entry in the log $logged was skipped: ')]);
    expect(await here.bus.ask(LOGGED, 9, 5_000)).toMatchObject({ answers: { size: 3 }, missing: [] });
    expect(late.asked).toEqual([9]);
    await late.gateway.close();
    expect(await here.bus.ask(LOGGED, 10, 5_000)).toMatchObject({ answers: { size: 2 }, missing: [] });
  });
});

describe('the cluster bus of a single instance', () => {
  it('asks only this instance', async () => {
    const gateway = await OfflineGateway.start();
    const bus = gateway.app.get(ClusterBus);
    await bus.answer(DOUBLE, { answer: (question) => 2 * question });
    const { answers, missing, unknown } = await bus.ask(DOUBLE, 21, 5_000);
    expect([[...answers], missing, unknown]).toEqual([[[bus.instanceId, 42]], [], 0]);
    expect([bus.isAlone, bus.isReachable]).toEqual([true, true]);
    await gateway.close();
    Logger.overrideLogger(true);
  });
});
