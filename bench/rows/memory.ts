import { Contender, withContenders } from '../contender.js';
import type { PeerName } from '../servers/peers.js';
import type { Context } from './context.js';
import { columnOf } from './fan-out.js';
import type { Row } from './row.js';

/** Resident memory of an idle connection with one subscription, after a garbage collection. */
export async function memoryRows(context: Context): Promise<Row[]> {
  const peers: PeerName[] = ['module', 'ws', 'socket.io'];
  const n = context.quick ? 2_000 : 10_000;
  const columns = Object.fromEntries(peers.map((peer) => [columnOf(peer), [] as number[]]));
  for (let run = 0; run < context.runs; run += 1) {
    for (const peer of peers) {
      const bytes = await withContenders([() => Contender.start(peer)], ([contender]) => bytesEach(contender!, n));
      columns[columnOf(peer)]!.push(bytes / 1_024);
    }
  }
  const row: Row = {
    group: 'memory',
    what: 'resident memory of an idle connection with one subscription',
    unit: 'KB',
    n,
    b: null,
    columns,
    targets: [{ kind: 'at most', value: 10 }],
  };
  context.done(row);
  return [row];
}

/** Opens idle connections. @returns the memory of each, in bytes */
export async function bytesEach(
  { server, load, connectOptions }: Pick<Contender, 'server' | 'load' | 'connectOptions'>,
  n: number,
): Promise<number> {
  // Loads code and fills pools before the measured connections.
  await load.call('connectAndLeave', { connectOptions, count: 100 });
  const before = await server.call('memory', undefined);
  await load.call('connect', { connectOptions, count: n });
  return ((await server.call('memory', undefined)) - before) / n;
}
