import { microseconds } from '../clock.js';
import { verifyingServers, withServer } from '../installed.js';
import type { Returns } from '../load/returning.js';
import type { StandaloneName } from '../standalone.js';
import type { Context } from './context.js';
import { columnOf } from './fan-out.js';
import type { Row } from './row.js';

const CHANNELS = ['apps:created', 'user:{n}', 'user:{n}-inbox'];

interface Storm extends Returns {
  readonly killedAt: number;
  readonly startMs: number;
  readonly cpu: number;
}

/** The server is killed and started again: the time until the first and the last of its clients is subscribed again. */
export async function stormRows(context: Context): Promise<Row[]> {
  const n = context.quick ? 500 : 5_000;
  const names = verifyingServers();
  const storms = new Map<string, Storm[]>(names.map((name) => [columnOf(name), []]));
  for (let run = 0; run < context.runs; run += 1) {
    for (const name of names) storms.get(columnOf(name))!.push(await storm(name, n));
  }
  const row = (what: string, unit: string, of: (storm: Storm) => number, most?: number): Row => ({
    ...{ group: 'storm', what, unit, n, b: null },
    columns: Object.fromEntries([...storms].map(([column, all]) => [column, all.map(of)])),
    targets: most === undefined ? [] : [{ kind: 'at most', value: most }],
  });
  const rows = [
    row('return after SIGKILL: first client', 's', ({ first, killedAt }) => (first - killedAt) / 1e6, 1),
    row('return after SIGKILL: all clients', 's', ({ last, killedAt }) => (last - killedAt) / 1e6, 6),
    row('return after SIGKILL: until the server listened', 's', ({ startMs }) => startMs / 1e3),
    row('return after SIGKILL: CPU of the server, start included, per client', 'µs', ({ cpu }) => cpu / n),
    row(
      'return after SIGKILL: refused upgrades and timeouts, per client',
      '',
      (one) => (one.refused + one.timedOut) / n,
    ),
  ];
  for (const one of rows) context.done(one);
  return rows;
}

function storm(name: StandaloneName, count: number): Promise<Storm> {
  return withServer(name, { defaultLimits: true }, CHANNELS, async ({ server, load, connectOptions }) => {
    await load.call('gather', { connectOptions, count });
    await load.call('countReturns', undefined);
    const killedAt = microseconds();
    await server.kill();
    await server.start();
    const returns = await load.call('returned', undefined);
    return {
      ...returns,
      killedAt,
      startMs: server.startMs,
      cpu: server.cpu(),
    };
  });
}
