import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { finish } from '../package/installed.js';

/** Kept between runs; `npm ci` deletes it. */
const CACHE = 'node_modules/.cache/nodes';

/** A release of Node for this machine, from the registry. The package with the binary needs no install script. */
export interface NodeRelease {
  readonly version: string;
  readonly binary: string;
}

/** Installs the newest release of a major version. @param line such as `22` @throws with the output of npm */
export async function nodeRelease(line: string): Promise<NodeRelease> {
  const name = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`;
  const prefix = resolve(CACHE, line);
  const folder = join(prefix, 'node_modules', name, 'bin');
  const binary = join(folder, process.platform === 'win32' ? 'node.exe' : 'node');
  if (!existsSync(binary)) {
    const quietly = ['--ignore-scripts', '--no-audit', '--no-fund', '--no-save'];
    await finish('npm', ['install', '--prefix', prefix, ...quietly, `${name}@${line}`]);
  }
  const version = (await finish(binary, ['--version'])).trim();
  if (!version.startsWith(`v${line}.`)) throw new Error(`${binary} is Node ${version}, not ${line}`);
  return { version, binary };
}
