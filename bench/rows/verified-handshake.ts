import { verifyingServers, withServer } from '../installed.js';
import { createIssuer, type Algorithm } from '../tokens.js';
import type { Context } from './context.js';
import { columnOf } from './fan-out.js';
import type { Row } from './row.js';

const ALGORITHMS: readonly Algorithm[] = ['HS256', 'RS256', 'ES256'];
/** Handshakes before a server counts as warm, in units of one measurement. */
const WARM_AFTER = 3;

/**
 * CPU time of the server for a connection from its upgrade to its end, in microseconds: the first ones after a start, and
 * later ones. Each client has its own token, and each server verifies it.
 */
export async function verifiedHandshakeRows(context: Context): Promise<Row[]> {
  const n = context.quick ? 250 : 2_500;
  const rows: Row[] = [];
  for (const algorithm of ALGORITHMS) {
    const issuer = createIssuer(algorithm);
    const names = verifyingServers();
    const cold = Object.fromEntries(names.map((name) => [columnOf(name), [] as number[]]));
    const warm = Object.fromEntries(names.map((name) => [columnOf(name), [] as number[]]));
    for (let run = 0; run < context.runs; run += 1) {
      for (const name of names) {
        await withServer(
          ...([name, {}, []] as const),
          async ({ server, load, connectOptions }) => {
            const come = (): Promise<void> => load.call('connectAndLeave', { connectOptions, count: n });
            cold[columnOf(name)]!.push((await server.cpuOf(come)) / n);
            for (let round = 0; round < WARM_AFTER; round += 1) await come();
            warm[columnOf(name)]!.push((await server.cpuOf(come)) / n);
          },
          issuer,
        );
      }
    }
    const row = (kind: string, columns: Row['columns'], most: number): Row => ({
      ...{
        group: 'verified-handshake',
        what: `handshake with ${algorithm}, ${kind}`,
        unit: 'µs',
        n,
        b: null,
        columns,
      },
      targets: algorithm === 'HS256' ? [{ kind: 'at most', value: most }] : [],
    });
    for (const one of [row('first after a start', cold, 400), row('warm', warm, 300)]) {
      context.done(one);
      rows.push(one);
    }
  }
  return rows;
}
