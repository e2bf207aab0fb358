import { Contender, withContenders } from '../contender.js';
import type { Context } from './context.js';
import { columnOf } from './fan-out.js';
import type { Row } from './row.js';

const CONNECTIONS = 500;
const ROUNDS = 40;
const TEXTS = {
  module: '{"type":"ping"}',
  ws: '{"type":"ping"}',
  'socket.io': '420["ping_"]',
  'bare redis': '',
  nest: '',
};

/** CPU time of the server for a `ping` and its `pong`, in microseconds. */
export async function inboundRows(context: Context): Promise<Row[]> {
  const starts = (['module', 'ws', 'socket.io'] as const).map((peer) => () => Contender.start(peer));
  return withContenders(starts, async (contenders) => {
    for (const contender of contenders) await contender.connect(CONNECTIONS);
    const rows: Row[] = [];
    for (const together of [1, 10]) {
      const columns = Object.fromEntries(contenders.map(({ name }) => [columnOf(name), [] as number[]]));
      for (let run = -1; run < context.runs; run += 1) {
        for (const contender of contenders) {
          const cost = await costOfPing(contender, together, context.quick ? ROUNDS / 4 : ROUNDS);
          if (run >= 0) columns[columnOf(contender.name)]!.push(cost);
        }
      }
      const what = together === 1 ? 'inbound ping and its pong' : `inbound ping and its pong, ${together} in a packet`;
      const targets = [{ kind: 'within', of: 'ws', times: 2 }] as const;
      rows.push({ group: 'inbound', what, unit: 'µs', n: CONNECTIONS, b: null, columns, targets });
      context.done(rows.at(-1)!);
    }
    return rows;
  });
}

async function costOfPing(contender: Contender, together: number, rounds: number): Promise<number> {
  const { load, name } = contender;
  const cpu = await contender.cpuOf(async () => {
    for (let round = 0; round < rounds; round += 1) {
      await load.call('reset', undefined);
      const all = load.call('until', { count: CONNECTIONS * together });
      await load.call('say', { text: TEXTS[name], times: together, together: true });
      await all;
    }
  });
  return cpu / (rounds * CONNECTIONS * together);
}
