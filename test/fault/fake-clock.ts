import { existsSync } from 'node:fs';
import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeTemporaryDirectory, removeDirectory } from '../support/temporary-directory.js';

/** Library directories of Debian. */
const LIBRARIES = ['x86_64', 'aarch64'].map((machine) => `/usr/lib/${machine}-linux-gnu`);
const FAKETIME = LIBRARIES.map((path) => `${path}/faketime/libfaketime.so.1`).find((path) => existsSync(path));
/** jemalloc, the allocator of Redis, reads the clock before libfaketime is ready, so this allocator is loaded first. */
const MALLOC = LIBRARIES.map((path) => `${path}/libc_malloc_debug.so.0`).find((path) => existsSync(path));

/** An adjustable system clock for one process. Its monotonic clock stays real. */
export class FakeClock {
  private constructor(private readonly directory: string) {}

  /** @throws if libfaketime is not installed */
  static async create(): Promise<FakeClock> {
    if (FAKETIME === undefined || MALLOC === undefined) {
      throw new Error(
        'libfaketime.so.1 or libc_malloc_debug.so.0 not found. Install them: apt-get install faketime libc6',
      );
    }
    const clock = new FakeClock(await makeTemporaryDirectory());
    await clock.set(0);
    return clock;
  }

  /** Environment variables for the process with this clock. */
  get env(): Readonly<Record<string, string>> {
    return {
      LD_PRELOAD: FAKETIME!,
      FAKETIME_TIMESTAMP_FILE: join(this.directory, 'time'),
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
      FAKETIME_NO_CACHE: '1',
    };
  }

  /** Environment variables for a redis-server. */
  get envOfRedis(): Readonly<Record<string, string>> {
    return { ...this.env, LD_PRELOAD: `${MALLOC!}:${FAKETIME!}` };
  }

  /** @param seconds offset to the real time; negative values are in the past */
  async set(seconds: number): Promise<void> {
    const next = join(this.directory, 'next');
    await writeFile(next, `${seconds < 0 ? '-' : '+'}${Math.abs(seconds)}\n`);
    await rename(next, join(this.directory, 'time')); // the process can read it at any time
  }

  async remove(): Promise<void> {
    await removeDirectory(this.directory);
  }
}
