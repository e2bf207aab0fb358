import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { cpus, release, totalmem, type } from 'node:os';

const require = createRequire(import.meta.url);

function versionOf(name: string): string {
  const { version } = require(`${name}/package.json`) as { version: string };
  return `${name} ${version}`;
}

function redisVersion(): string {
  try {
    return `Redis ${/v=([\d.]+)/.exec(execFileSync('redis-server', ['--version'], { encoding: 'utf8' }))?.[1] ?? '?'}`;
  } catch {
    return 'no Redis';
  }
}

/** Describes hardware and versions of the measurement in one sentence. */
export function machine(): string {
  const processors = cpus();
  const memory = Math.round(totalmem() / 2 ** 30);
  return [
    `${processors.length} × ${processors[0]?.model.trim() ?? 'CPU'}, ${memory} GB, ${type()} ${release().split('-')[0]}`,
    `Node ${process.versions.node}, ${versionOf('ws')}, ${versionOf('socket.io')}, ${versionOf('ioredis')}, ${redisVersion()}`,
  ].join('; ');
}
