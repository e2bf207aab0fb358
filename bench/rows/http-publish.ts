import { Contender, withContenders } from '../contender.js';
import type { Context } from './context.js';
import { MODULE, type Row } from './row.js';

/** Events of one measurement. */
const COUNT = 5_000;

/** An event that another service publishes over HTTP, acknowledged: CPU time of the server, in microseconds. */
export async function httpPublishRows(context: Context): Promise<Row[]> {
  const starts = [true, false].map((directPublishApi) => () => Contender.start('module', { directPublishApi }));
  return withContenders(starts, async ([direct, framework]) => {
    const kinds: [string, Contender][] = [
      [MODULE, direct!],
      ['through Express', framework!],
    ];
    const columns = Object.fromEntries(kinds.map(([column]) => [column, [] as number[]]));
    for (let run = -1; run < context.runs; run += 1) {
      for (const [column, contender] of kinds) {
        const { port } = contender.connectOptions;
        const cost = (await contender.cpuOf(() => contender.load.call('post', { port, count: COUNT }))) / COUNT;
        // The first time is for the compiler.
        if (run >= 0) columns[column]!.push(cost);
      }
    }
    const row: Row = {
      ...{ group: 'http-publish', what: 'an event over HTTP, acknowledged', unit: 'µs', n: 0, b: null, columns },
      targets: [{ kind: 'at most', value: 130 }],
    };
    context.done(row);
    return [row];
  });
}
