import { build } from 'esbuild';
import { symlink } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from '../test/support/ports.js';
import { Child } from '../test/support/child.js';
import { makeTemporaryDirectory, removeDirectory } from '../test/support/temporary-directory.js';
import { startCentrifugo } from './centrifugo.js';
import { cpuOfProcess, memoryOfProcess } from './process-usage.js';
import type { PeerSettings } from './servers/peer.js';
import type { PeerName } from './servers/peers.js';

/** Time limit of a start, in milliseconds. */
const START_MS = 60_000;

export type StandaloneName = PeerName | 'centrifugo';

/** Directory of the compiled servers; made once per run. */
let directory: Promise<string> | null = null;

/** Compiles the servers to plain JavaScript, file by file: a process of `tsx` takes longer to start. */
async function compile(): Promise<string> {
  const outdir = await makeTemporaryDirectory();
  await symlink(resolve('node_modules'), join(outdir, 'node_modules'));
  await build({
    entryPoints: [fileURLToPath(new URL('./servers/alone.ts', import.meta.url))],
    ...{
      outdir,
      outExtension: { '.js': '.mjs' },
      bundle: true,
      splitting: true,
      packages: 'external',
    },
    ...{ platform: 'node', format: 'esm', target: 'node20', logLevel: 'error' },
  });
  return outdir;
}

/** Removes the compiled servers. */
export async function removeStandalone(): Promise<void> {
  if (directory !== null) await removeDirectory(await directory);
  directory = null;
}

/** A server in a process that loads nothing else. It can be killed, and started again on the same port. */
export class Standalone {
  /** Time from the start of the process until it listened, in milliseconds. */
  startMs = 0;
  private child: Child | null = null;

  private constructor(
    readonly name: StandaloneName,
    readonly port: number,
    private readonly launch: () => Child | Promise<Child>,
  ) {}

  /** Does not start it yet. */
  static async create(
    name: StandaloneName,
    settings: PeerSettings = {},
    flags: readonly string[] = [],
  ): Promise<Standalone> {
    const port = await freePort();
    if (name === 'centrifugo') return new Standalone(name, port, () => startCentrifugo(port, settings));
    const outdir = await (directory ??= compile());
    const args = [...flags, join(outdir, 'alone.mjs'), name, JSON.stringify({ ...settings, port })];
    return new Standalone(name, port, () => new Child(process.execPath, args));
  }

  /** Resolves once it listens. */
  async start(): Promise<void> {
    const begun = performance.now();
    this.child = await this.launch();
    await this.child.said(/listening on \d+|serving websocket/, START_MS);
    this.startMs = performance.now() - begun;
  }

  /** CPU time of the process so far, in microseconds. */
  cpu(): number {
    return cpuOfProcess(this.pid);
  }

  /** Resident memory, in bytes. */
  memory(): number {
    return memoryOfProcess(this.pid);
  }

  /** CPU time of the server during some work, in microseconds. */
  async cpuOf(work: () => Promise<unknown>): Promise<number> {
    const before = this.cpu();
    await work();
    return this.cpu() - before;
  }

  async kill(): Promise<void> {
    await this.child?.stop('SIGKILL');
    this.child = null;
  }

  private get pid(): number {
    return this.child!.pid!;
  }
}
