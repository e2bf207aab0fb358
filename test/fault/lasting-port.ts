import { once } from 'node:events';
import { createServer } from 'node:net';

/** Port range below the ephemeral ports of the system (from 32768 on Linux). */
const [FROM, TO] = [14_000, 22_000] as const;
/** `2/4` is the third of four concurrent runs, each of which has a part of the range. */
const [LANE, LANES] = (process.env['FAULT_LANE'] ?? '0/1').split('/').map(Number) as [number, number];
const SIZE = Math.floor((TO - FROM) / LANES);
/** Offset of the cluster bus port of a Redis Cluster node. */
const CLUSTER_BUS = 10_000;

const given = new Set<number>();

/**
 * Returns a free port for a server that is killed and restarted: while it is down, no outgoing connection can take its
 * port. Never returns the same port twice in one process.
 */
export async function lastingPort(): Promise<number> {
  for (;;) {
    const port = FROM + LANE * SIZE + Math.floor(Math.random() * SIZE);
    if (given.has(port) || !(await isFree(port)) || !(await isFree(port + CLUSTER_BUS))) continue;
    given.add(port);
    return port;
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  try {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
  } catch {
    return false;
  }
  server.close();
  await once(server, 'close');
  return true;
}
