import { once } from 'node:events';
import type { AddressInfo, Server } from 'node:net';
import { StartError } from '../config/start-error.js';

/**
 * Opens a port.
 * @param variable variable of the port, for the error message
 * @param port 0 selects a free port
 * @returns the port
 * @throws StartError if the port cannot be opened
 */
export async function listen(server: Server, variable: string, port: number, host?: string): Promise<number> {
  try {
    server.listen({ port, ...(host === undefined ? {} : { host }) });
    await once(server, 'listening');
  } catch (error) {
    throw new StartError(explain(error as NodeJS.ErrnoException, variable, port, host), { cause: error });
  }
  return (server.address() as AddressInfo).port;
}

function explain({ code, message }: NodeJS.ErrnoException, variable: string, port: number, host?: string): string {
  if (code === 'EADDRINUSE') {
    return `${variable} is ${port}, where another process listens already: stop that one, or choose another ${variable}.`;
  }
  if (code === 'EACCES') return `${variable} is ${port}, which this user may not open: choose one from 1024.`;
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND' || code === 'EINVAL') {
    return `HOST is ${JSON.stringify(host)}, which is no address of this machine.`;
  }
  return `${variable} is ${port}, which cannot be opened: ${message}.`;
}
