import { Contender, withContenders } from '../contender.js';
import type { Context } from './context.js';
import { MODULE, type Row } from './row.js';

const CONNECTIONS = 500;
const ROUNDS = 40;
/** The text of a frame, and its column. `{round}` differs for each round, so that each call is a new one. */
const FRAMES = {
  ping: '{"type":"ping"}',
  reading: '{"type":"call","name":"read","callId":"r{round}"}',
  once: '{"type":"call","name":"once","callId":"o{round}"}',
};

/** CPU time of the server for a call and its result, beside a `ping` and its `pong`, in microseconds. */
export async function callRows(context: Context): Promise<Row[]> {
  return withContenders([() => Contender.start('module')], async ([contender]) => {
    await contender!.connect(CONNECTIONS);
    const costs: Record<keyof typeof FRAMES, number[]> = { ping: [], reading: [], once: [] };
    let round = 0;
    for (let run = -1; run < context.runs; run += 1) {
      for (const [name, text] of Object.entries(FRAMES) as [keyof typeof FRAMES, string][]) {
        const rounds = context.quick ? ROUNDS / 4 : ROUNDS;
        const cpu = await contender!.cpuOf(async () => {
          for (let count = 0; count < rounds; count += 1) {
            const { load } = contender!;
            await load.call('reset', undefined);
            const all = load.call('until', { count: CONNECTIONS });
            await load.call('say', { text: text.replace('{round}', String((round += 1))), times: 1, together: true });
            await all;
          }
        });
        if (run >= 0) costs[name].push(cpu / (rounds * CONNECTIONS));
      }
    }
    const rowOf = (what: string, column: readonly number[], times: number): Row => ({
      ...{ group: 'calls', what, unit: 'µs', n: CONNECTIONS, b: null },
      columns: { [MODULE]: column, ping: costs.ping },
      targets: [{ kind: 'within', of: 'ping', times }],
    });
    const rows = [
      rowOf('call of a command that reads, and its result', costs.reading, 1.5),
      rowOf('call of a command, once, in memory, and its result', costs.once, 2),
    ];
    for (const row of rows) context.done(row);
    return rows;
  });
}
