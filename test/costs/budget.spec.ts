import { Redis } from 'ioredis';
import { readFileSync } from 'node:fs';
import { Counters } from '../../src/realtime/observability/counters.js';
import { signToken } from '../support/jwt.js';
import { RedisProcess } from '../support/redis-process.js';
import { optionsOfApps } from './support/apps.js';
import { cellsOf, problemsOf, type Cost } from './support/budget.js';
import { CONTROL_ROWS, FRAME_ROWS } from './support/frame-rows.js';
import { HANDSHAKE_ROWS } from './support/handshake-rows.js';
import { MeasuredServer, type Sample } from './support/measured-server.js';
import { MeteredClient, type Traffic } from './support/metered.js';
import {
  ROUTE_ROWS,
  UNAUTHENTICATED_ROW,
  unauthenticatedRequest,
  unauthenticatedStatus,
} from './support/route-rows.js';
import { call, difference, report, sendFrames, shakeHands, sum } from './support/works.js';

type Measured = Cost & { readonly before: Sample; readonly after: Sample };

describe('the budget of a request, measured at a socket of a dedicated process', () => {
  let redis: RedisProcess;
  let admin: Redis;
  let server: MeasuredServer;

  beforeAll(async () => {
    redis = await RedisProcess.start();
    admin = new Redis(redis.url);
    server = await MeasuredServer.start(optionsOfApps(redis));
  }, 120_000);
  afterAll(async () => {
    await server?.stop();
    admin?.disconnect();
    await redis?.stop();
  });

  /**
   * Measures two workloads of the server. The requests of the second one have twice the size.
   * @param open number of client sockets before the first workload, after it, and after the second one
   */
  const measure = async (
    requests: number,
    works: readonly [() => Promise<Traffic>, () => Promise<Traffic>],
    open: readonly [number, number, number] = [0, 0, 0],
  ): Promise<readonly [Measured, Measured]> => {
    const samples = [{ ...(await server.sample(open[0])), keys: await admin.dbsize() }];
    const traffic: Traffic[] = [];
    for (const [index, work] of works.entries()) {
      traffic.push(await work());
      samples.push({ ...(await server.sample(open[index + 1]!)), keys: await admin.dbsize() });
    }
    const costOf = (index: number): Measured => {
      const [before, after] = [samples[index]!, samples[index + 1]!];
      const cpu = after.usedUntilNow - before.usedAfter;
      const grown = { cpu, memory: after.held - before.held, keys: after.keys - before.keys };
      return { requests, ...traffic[index]!, ...grown, before, after };
    };
    return [costOf(0), costOf(1)];
  };

  describe('frames', () => {
    const clients: MeteredClient[] = [];
    const connectTo = async (...parameters: Parameters<typeof MeteredClient.connect>): Promise<MeteredClient> => {
      const client = await MeteredClient.connect(...parameters);
      clients.push(client);
      return client;
    };
    const leave = () => Promise.all(clients.splice(0).map((client) => client.close()));
    afterEach(leave);

    it('have a row for each type that the server counts', () => {
      const labels = [...new Counters().framesReceived].map(([label]) => label);
      expect(new Set(FRAME_ROWS.map(({ type }) => type))).toEqual(new Set(labels));
    });

    it.each(FRAME_ROWS)('$name: within its budget', async (row) => {
      const { app = 'main', connections = 1, repeat = 16 } = row;
      for (let index = 0; index < connections; index += 1) {
        const token = signToken({ sub: `member ${index}`, role: 'admin' });
        const client = await connectTo(server.ports[app]!, token, row.compression);
        const before = row.before?.(index) ?? [];
        for (const frame of before) client.send(frame);
        await (row.answersEach === true
          ? client.untilReceived(1 + (row.answersBefore ?? before.length))
          : client.fence());
      }
      const run = (units: number, times = repeat) => sendFrames(row, clients, units, times);
      if (row.type !== 'auth') await run(10, 1);
      const frames = connections * repeat;
      const costs = await measure(frames, [() => run(80), () => run(160)], [connections, connections, connections]);
      report(row.name, costs);
      expect(problemsOf(...costs, row)).toEqual([]);
      for (const { before, after } of costs) {
        const ofType = after.frames[row.type]! - before.frames[row.type]!;
        expect(ofType).toBeGreaterThanOrEqual(row.recovers === true ? frames / 2 : frames);
      }
    });

    it.each(CONTROL_ROWS)('$name: within its budget', async (row) => {
      const client = await connectTo(server.ports['main']!, signToken());
      const run = async (size: number): Promise<Traffic> => {
        const before = client.traffic;
        for (let count = 0; count < 500; count += 1) {
          const data = 'x'.repeat(size);
          if (row.name === 'a ping of WebSocket') client.webSocket.ping(data);
          else client.webSocket.pong(data);
        }
        await client.fence();
        return difference(client.traffic, before);
      };
      await run(60);
      const costs = await measure(500, [() => run(60), () => run(120)], [1, 1, 1]);
      report(row.name, costs);
      expect(problemsOf(...costs, row)).toEqual([]);
    });
  });

  describe('handshakes', () => {
    const open: MeteredClient[] = [];
    const kept: { destroy(): void }[] = [];
    const leave = () => kept.splice(0).forEach((socket) => socket.destroy());
    afterEach(leave);

    beforeAll(async () => {
      const token = signToken({ sub: 'occupied' });
      for (const app of ['full', 'single user', 'full address']) {
        open.push(await MeteredClient.connect(server.ports[app]!, token));
      }
    });
    afterAll(() => Promise.all(open.map((client) => client.close())));

    it('have a row for each outcome that the server counts', () => {
      const labels = [...new Counters().handshakes].map(([label]) => label);
      const outcomes = HANDSHAKE_ROWS.flatMap(({ outcome }) => outcome ?? []);
      expect(new Set(outcomes)).toEqual(new Set(labels));
    });

    it.each(HANDSHAKE_ROWS)('$name: within its budget', async (row) => {
      const { count = 30 } = row;
      const run = (padding: number, round: number) => shakeHands(server, row, padding, round, kept);
      await run(10, 0);
      leave();
      const grown = row.staysOpen === true ? count : 0;
      const works = [() => run(1_000, 1), () => run(2_000, 2)] as const;
      const costs = await measure(count, works, [open.length, open.length + grown, open.length + 2 * grown]);
      report(row.name, costs);
      expect(problemsOf(...costs, row)).toEqual([]);
      for (const { before, after } of costs) {
        const had = row.outcome === null ? count : after.handshakes[row.outcome]! - before.handshakes[row.outcome]!;
        expect(had).toBeGreaterThanOrEqual(row.recovers === true ? count / 2 : count);
      }
    });
  });

  describe('REST routes', () => {
    it('have a row for each route', () => {
      expect(new Set(ROUTE_ROWS.map(({ route }) => route))).toEqual(new Set(server.routes));
    });

    it(`${UNAUTHENTICATED_ROW.name}: within its budget`, async () => {
      const run = async (kilobytes: number): Promise<Traffic> => {
        const all: Traffic[] = [];
        for (const route of server.routes)
          all.push(await call(server, route, unauthenticatedRequest(route, kilobytes), unauthenticatedStatus(route)));
        return sum(all);
      };
      await run(1);
      const costs = await measure(server.routes.length, [() => run(1), () => run(2)]);
      report(UNAUTHENTICATED_ROW.name, costs);
      expect(problemsOf(...costs, UNAUTHENTICATED_ROW)).toEqual([]);
    });

    it.each(ROUTE_ROWS)('$name: within its budget', async (row) => {
      const count = 8;
      const run = async (kilobytes: number, round: number): Promise<Traffic> => {
        const all: Traffic[] = [];
        for (let index = 0; index < count; index += 1) {
          // 202: on a busy machine an instance may confirm a command late.
          const request = row.request(kilobytes, round * count + index);
          all.push(await call(server, row.route, request, `${row.status}|202`));
        }
        return sum(all);
      };
      await run(1, 0);
      const costs = await measure(count, [() => run(1, 1), () => run(2, 2)]);
      report(row.name, costs);
      expect(problemsOf(...costs, row)).toEqual([]);
    });
  });

  it('is what SECURITY.md says', () => {
    const rows = [...FRAME_ROWS, ...CONTROL_ROWS, ...HANDSHAKE_ROWS, UNAUTHENTICATED_ROW, ...ROUTE_ROWS];
    const wanted = rows.map((row) => [row.name, ...cellsOf(row)].join(' | '));
    const section = readFileSync('SECURITY.md', 'utf8')
      .split(/^## /m)
      .find((text) => text.startsWith('What one request can cost'))!;
    const stated = section
      .split('\n')
      .filter((line) => line.startsWith('|') && !/^\|\s*(-|request\b)/.test(line))
      .map((line) =>
        line
          .split('|')
          .slice(1, -1)
          .map((cell) => cell.trim())
          .join(' | '),
      );
    expect(stated).toEqual(wanted);
  });
});
