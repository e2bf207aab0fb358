import type { Server } from 'node:net';
import { safely } from '../observability/run-safely.js';

/** More than any system allows, so that the system's own limit applies (`net.core.somaxconn`, 4,096 on Linux). */
const BACKLOG = 65_535;

/**
 * Lets the kernel keep as many connections as it can until the server accepts them. Node asks it for 511, and accepts one
 * connection per turn of the event loop. If thousands of clients return at once, the kernel drops the others, which try
 * again after 1, 3 and 7 s.
 *
 * Listening again on a listening socket changes nothing else. Node has no public way to do that, and it is the
 * application that listens.
 * @returns a function that stops it for later calls of `listen`
 */
export function raiseBacklog(server: Server): () => void {
  const raise = safely('Raising the backlog', () => {
    const { _handle: handle } = server as Server & { _handle?: { listen?(backlog: number): number } | null };
    handle?.listen?.(BACKLOG);
  });
  if (server.listening) raise();
  server.on('listening', raise);
  return () => void server.off('listening', raise);
}
