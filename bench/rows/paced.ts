import { CHANNEL } from '../channel.js';
import { Contender, EVENT_BYTES, withContenders } from '../contender.js';
import type { Context } from './context.js';
import { columnOf, costOfDelivery } from './fan-out.js';
import type { Row } from './row.js';

const PER_SECOND = 30;

/**
 * CPU time per delivery at 30 turns a second, beside the closed loop, which publishes as soon as all have received the
 * events before. Between paced turns the caches of the processor are used by other work, as in a real service.
 */
export async function pacedRows(context: Context): Promise<Row[]> {
  const n = 1_000;
  const seconds = context.quick ? 2 : 10;
  const starts = (['module', 'ws', 'socket.io'] as const).map((peer) => () => Contender.start(peer));
  return withContenders(starts, async (contenders) => {
    for (const contender of contenders) await contender.connect(n);
    const rows: Row[] = [];
    for (const b of [1, 10]) {
      const paced = Object.fromEntries(contenders.map(({ name }) => [columnOf(name), [] as number[]]));
      const closed = Object.fromEntries(contenders.map(({ name }) => [columnOf(name), [] as number[]]));
      for (let run = 0; run < context.runs; run += 1) {
        for (const contender of contenders) {
          closed[columnOf(contender.name)]!.push(await costOfDelivery(contender, { n, b }, context.deliveries));
          paced[columnOf(contender.name)]!.push(await costWhenPaced(contender, n, b, seconds));
        }
      }
      rows.push({
        ...BASE,
        what: `fan-out, ${PER_SECOND} turns a second, per delivery`,
        n,
        b,
        columns: paced,
      });
      rows.push({
        ...BASE,
        what: 'fan-out, closed loop, per delivery',
        n,
        b,
        columns: closed,
      });
      for (const row of rows.slice(-2)) context.done(row);
    }
    return rows;
  });
}

const BASE = { group: 'paced', unit: 'µs', targets: [] } as const;

async function costWhenPaced({ server, load }: Contender, n: number, b: number, seconds: number): Promise<number> {
  const turns = PER_SECOND * seconds;
  await load.call('reset', undefined);
  const all = load.call('until', { count: turns * b * n });
  const before = await server.call('cpu', undefined);
  const burst = { channels: [CHANNEL], batch: b, turns, bytes: EVENT_BYTES };
  await server.call('publish', { ...burst, everyMs: 1_000 / PER_SECOND });
  await all;
  return ((await server.call('cpu', undefined)) - before) / (turns * b * n);
}
