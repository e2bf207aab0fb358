import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { Child } from '../../support/child.js';
import { TEST_SECRET } from '../../support/jwt.js';

/** High limit, so that a busy machine rejects no clients. */
export const BUSY_MACHINE_MS = 60_000;

export interface ChildApp {
  readonly process: Child;
  readonly url: string;
  readonly http: string;
}

/** Runs a script of this folder in a child process, with the built module. */
export function childScript(name: string, ...args: string[]): Child {
  if (!existsSync('dist/realtime/index.js')) throw new Error('dist is missing: run "npm run build" first');
  return new Child(process.execPath, [resolve('test/realtime/support', name), TEST_SECRET, ...args]);
}

/**
 * Starts an application in a child process. It ends on signals and prints `draining` once it drains.
 * @param port 0 takes a free one
 */
export async function startChildApp(options: object = {}, port = 0): Promise<ChildApp> {
  const child = childScript(
    'serve.mjs',
    JSON.stringify({ maxEventLoopDelayMs: BUSY_MACHINE_MS, handshakesPerSecondPerUser: 1_000, ...options }),
    String(port),
  );
  await child.said(/listening on \d+\n/, BUSY_MACHINE_MS);
  const address = `127.0.0.1:${/listening on (\d+)/.exec(child.stdout)![1]!}`;
  return { process: child, url: `ws://${address}/ws`, http: `http://${address}` };
}
