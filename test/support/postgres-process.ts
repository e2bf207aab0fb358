import { createHash } from 'node:crypto';
import { chown, mkdir, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import { Child, type ChildOptions } from './child.js';
import { freePort } from './ports.js';
import { makeTemporaryDirectory, removeDirectory } from './temporary-directory.js';

const CACHE = resolve('node_modules/.cache/postgres');

/** The account that runs Postgres. Empty for the one that runs the tests. */
interface Owner {
  readonly uid?: number;
  readonly gid?: number;
}

/** A Postgres server for one test, with a new data directory that is removed at the end. */
export class PostgresProcess {
  private constructor(
    private readonly child: Child,
    private readonly directory: string,
    readonly port: number,
  ) {}

  /** Resolves once the server accepts connections. */
  static async start(): Promise<PostgresProcess> {
    const bin = await binaries();
    const owner = await unprivileged();
    const directory = await makeTemporaryDirectory();
    try {
      if (owner.uid !== undefined) await chown(directory, owner.uid, owner.gid!);
      const data = join(directory, 'data');
      const options = { ...owner, cwd: directory };
      await finished('cp', ['-a', await emptyCluster(join(bin, 'initdb'), owner), data]);
      const port = await freePort();
      const settings = { port, listen_addresses: '127.0.0.1', unix_socket_directories: directory, fsync: 'off' };
      const args = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
      const child = new Child(join(bin, 'postgres'), ['-D', data, ...args], options);
      const postgres = new PostgresProcess(child, directory, port);
      await child.said('database system is ready to accept connections');
      return postgres;
    } catch (error) {
      await removeDirectory(directory);
      throw error;
    }
  }

  get url(): string {
    return `postgres://postgres@127.0.0.1:${this.port}/postgres`;
  }

  /** Stops the server, drops its connections and removes its data. */
  async stop(): Promise<void> {
    await this.child.stop('SIGINT'); // a "fast shutdown" in Postgres terms
    await removeDirectory(this.directory);
  }
}

/** Small segments of the log, because a copy takes as long as its bytes. */
const INITDB = ['-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync', '--wal-segsize=1'];

/**
 * Returns an empty data directory, which each server copies. It is cached for each version of Postgres and each owner,
 * because `initdb` takes half a second of CPU.
 */
async function emptyCluster(initdb: string, owner: Owner): Promise<string> {
  const { size, mtimeMs } = await stat(initdb);
  const key = [initdb, size, mtimeMs, owner.uid ?? '', ...INITDB].join(' ');
  const cluster = join(CACHE, createHash('sha1').update(key).digest('hex'));
  if (existsSync(cluster)) return cluster;
  const directory = await makeTemporaryDirectory();
  try {
    if (owner.uid !== undefined) await chown(directory, owner.uid, owner.gid!);
    const data = join(directory, 'data');
    await finished(initdb, ['-D', data, ...INITDB], { ...owner, cwd: directory });
    await keep(data, cluster);
    return cluster;
  } finally {
    await removeDirectory(directory);
  }
}

/** Copies in one step: another worker can create the same directory at the same time, and the first one stays. */
async function keep(data: string, cluster: string): Promise<void> {
  const unfinished = `${cluster}.${process.pid}`;
  await mkdir(CACHE, { recursive: true });
  try {
    await finished('cp', ['-a', data, unfinished]);
    await rename(unfinished, cluster).catch((error: unknown) => {
      if (!existsSync(cluster)) throw error;
    });
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
}

/** Runs a program to its end. @throws Error with its output if it fails */
async function finished(program: string, args: readonly string[], options: ChildOptions = {}): Promise<void> {
  const child = new Child(program, args, options);
  const { code } = await child.exited;
  if (code !== 0) throw new Error(`${program} failed:\n${child.output}`);
}

/** Returns the directory of initdb and postgres: on the PATH, or Debian's, the newest version. */
async function binaries(): Promise<string> {
  const onPath = (process.env['PATH'] ?? '').split(delimiter);
  const versions = await readdir('/usr/lib/postgresql').catch(() => []);
  const ofDebian = versions
    .toSorted((a, b) => Number(b) - Number(a))
    .map((version) => join('/usr/lib/postgresql', version, 'bin'));
  const found = [...onPath, ...ofDebian].find(
    (bin) => existsSync(join(bin, 'initdb')) && existsSync(join(bin, 'postgres')),
  );
  if (found === undefined) throw new Error('There is no initdb: install the Debian package "postgresql"');
  return found;
}

/** Postgres refuses to run as root. Root uses the account `postgres`, or `nobody`. */
async function unprivileged(): Promise<Owner> {
  if (process.getuid?.() !== 0) return {};
  const accounts = (await readFile('/etc/passwd', 'utf8')).split('\n').map((line) => line.split(':'));
  const account = accounts.find(([name]) => name === 'postgres') ?? accounts.find(([name]) => name === 'nobody');
  if (account === undefined) throw new Error('There is no account "postgres" or "nobody" to run Postgres as');
  return { uid: Number(account[2]), gid: Number(account[3]) };
}
