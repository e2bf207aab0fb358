import { CHANNEL } from '../channel.js';
import { Contender, EVENT_BYTES, withContenders } from '../contender.js';
import { median } from '../statistics.js';
import type { Context } from './context.js';
import { columnOf } from './fan-out.js';
import type { Row } from './row.js';

/** Wall-clock time until the last of all subscribers has read an event. */
export async function lastOfManyRows(context: Context): Promise<Row[]> {
  const n = context.quick ? 1_000 : 10_000;
  const starts = (['module', 'ws', 'socket.io'] as const).map((peer) => () => Contender.start(peer));
  return withContenders(starts, async (contenders) => {
    const columns = Object.fromEntries(contenders.map(({ name }) => [columnOf(name), [] as number[]]));
    for (const contender of contenders) await contender.connect(n);
    for (let run = 0; run < context.runs; run += 1) {
      for (const contender of contenders) {
        const times: number[] = [];
        for (let event = 0; event < 10; event += 1) times.push(await timeToLast(contender, n));
        columns[columnOf(contender.name)]!.push(median(times.slice(2)) / 1_000);
      }
    }
    const what = 'time until the last subscriber has read one event';
    const row: Row = { group: 'last-of-many', what, unit: 'ms', n, b: 1, columns, targets: [] };
    context.done(row);
    return [row];
  });
}

async function timeToLast({ server, load }: Contender, n: number): Promise<number> {
  await load.call('reset', undefined);
  const last = load.call('until', { count: n });
  const madeAt = await server.call('publish', { channels: [CHANNEL], batch: 1, turns: 1, bytes: EVENT_BYTES });
  return (await last) - madeAt;
}
