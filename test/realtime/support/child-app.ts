import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { Child } from '../../support/child.js';
import { TEST_SECRET } from '../../support/jwt.js';

/** A machine that is busy with other tests is no reason to turn clients away. */
export const BUSY_MACHINE_MS = 60_000;

export interface ChildApp {
  readonly process: Child;
  readonly url: string;
  readonly http: string;
}

/** A script of this folder, in a process of its own; it uses the built module. */
export function childScript(name: string, ...args: string[]): Child {
  if (!existsSync('dist/realtime/index.js')) throw new Error('There is no dist: run "npm run build" first');
  return new Child(process.execPath, [resolve('test/realtime/support', name), TEST_SECRET, ...args]);
}

/** An application in a process of its own that ends on signals; it says `draining` once it does. */
export async function startChildApp(options: object = {}): Promise<ChildApp> {
  const child = childScript(
    'serve.mjs',
    JSON.stringify({ maxEventLoopDelayMs: BUSY_MACHINE_MS, handshakesPerSecondPerUser: 1_000, ...options }),
  );
  await child.said(/listening on \d+\n/);
  const port = /listening on (\d+)/.exec(child.stdout)![1]!;
  return { process: child, url: `ws://127.0.0.1:${port}/ws`, http: `http://127.0.0.1:${port}` };
}
