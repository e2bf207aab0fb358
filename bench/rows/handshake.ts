import { Contender, withContenders } from '../contender.js';
import type { Door } from '../load/client.js';
import type { Context } from './context.js';
import { MODULE, type Row } from './row.js';

/** Connections that are there all the time. */
const COUNT = 1_000;

/** A connection from its upgrade to its end: CPU time of the server, in microseconds. */
export async function handshakeRows(context: Context): Promise<Row[]> {
  const count = context.quick ? COUNT / 4 : COUNT;
  const starts = (['module', 'ws', 'socket.io'] as const).map((peer) => () => Contender.start(peer));
  return withContenders(starts, async ([module, ws, socketIo]) => {
    // Up to `connected`: nothing is subscribed to, as nothing is with the others.
    const withToken = { hello: [], readyAfter: 1 };
    const kinds: [string, Contender, Partial<Door>][] = [
      [MODULE, module!, withToken],
      ['ws', ws!, {}],
      ['Socket.IO', socketIo!, {}],
      ['this module, no token', module!, { ...withToken, headers: {} }],
    ];
    const columns = Object.fromEntries(kinds.map(([column]) => [column, [] as number[]]));
    for (let run = -4; run < context.runs; run += 1) {
      for (const [column, contender, door] of kinds) {
        const { load } = contender;
        const come = (): Promise<void> => load.call('comeAndGo', { door: { ...contender.door, ...door }, count });
        const cost = (await contender.cpuOf(come)) / count;
        // The first times are for the compiler.
        if (run >= 0) columns[column]!.push(cost);
      }
    }
    const row: Row = {
      group: 'handshake',
      what: 'handshake with a token, and the end of the connection; others without',
      unit: 'µs',
      n: count,
      b: null,
      columns,
      targets: [{ kind: 'within', of: 'ws', times: 1.5 }],
    };
    context.done(row);
    return [row];
  });
}
