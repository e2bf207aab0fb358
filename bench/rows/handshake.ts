import { Contender, withContenders } from '../contender.js';
import type { ConnectOptions } from '../load/client.js';
import type { Context } from './context.js';
import { MODULE, type Row } from './row.js';

/** Number of lasting connections. */
const COUNT = 1_000;

/** CPU time of the server for a connection from its upgrade to its end, in microseconds. */
export async function handshakeRows(context: Context): Promise<Row[]> {
  const count = context.quick ? COUNT / 4 : COUNT;
  const starts = (['module', 'ws', 'socket.io'] as const).map((peer) => () => Contender.start(peer));
  return withContenders(starts, async ([module, ws, socketIo]) => {
    // Up to `connected`, without a subscription, as with the other servers.
    const withToken = { hello: [], readyAfter: 1 };
    const kinds: [string, Contender, Partial<ConnectOptions>][] = [
      [MODULE, module!, withToken],
      ['ws', ws!, {}],
      ['Socket.IO', socketIo!, {}],
      ['this module, no token', module!, { ...withToken, headers: {} }],
    ];
    const columns = Object.fromEntries(kinds.map(([column]) => [column, [] as number[]]));
    for (let run = -4; run < context.runs; run += 1) {
      for (const [column, contender, connectOptions] of kinds) {
        const { load } = contender;
        const come = (): Promise<void> =>
          load.call('connectAndLeave', { connectOptions: { ...contender.connectOptions, ...connectOptions }, count });
        const cost = (await contender.cpuOf(come)) / count;
        // Warms up the compiler.
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
