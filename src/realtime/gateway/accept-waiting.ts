import type { Server } from 'node:http';
import type { Server as HttpsServer } from 'node:https';
import { setImmediate as nextTurn } from 'node:timers/promises';

/** Maximum number of turns of the event loop to wait: new connections may never stop arriving. */
const MAX_TURNS = 1_000;

/**
 * Resolves once the servers have accepted the connections that wait in the kernel. Node accepts one per turn. A server
 * that stops listening resets the waiting ones. If a proxy has already sent a POST on one of them, it answers 502.
 */
export async function acceptWaiting(servers: readonly (Server | HttpsServer)[]): Promise<void> {
  let accepted = 0;
  const count = (): void => void (accepted += 1);
  for (const server of servers) server.on('connection', count);
  for (let turns = 0, quiet = 0; quiet < 2 && turns < MAX_TURNS; turns += 1) {
    const before = accepted;
    await nextTurn();
    quiet = accepted === before ? quiet + 1 : 0;
  }
  for (const server of servers) server.off('connection', count);
}
