import { Contender, withContenders } from '../contender.js';
import type { PeerName } from '../servers/serve.js';
import type { Context } from './context.js';
import { columnOf } from './fan-out.js';
import type { Row } from './row.js';

/** What an idle connection with one subscription holds: resident memory, after garbage was collected. */
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

async function bytesEach({ server, load, door }: Contender, n: number): Promise<number> {
  // Code and pools are there before the first connection that counts.
  await load.call('comeAndGo', { door, count: 100 });
  const before = await server.call('memory', undefined);
  await load.call('connect', { door, count: n });
  return ((await server.call('memory', undefined)) - before) / n;
}
