import { existsSync } from 'node:fs';
import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeTemporaryDirectory, removeDirectory } from '../support/temporary-directory.js';

/** Where Debian's packages put libraries. */
const LIBRARIES = ['x86_64', 'aarch64'].map((machine) => `/usr/lib/${machine}-linux-gnu`);
const FAKETIME = LIBRARIES.map((path) => `${path}/faketime/libfaketime.so.1`).find((path) => existsSync(path));
/** The allocator of Redis, jemalloc, asks for the time before libfaketime is ready: this one comes before it. */
const MALLOC = LIBRARIES.map((path) => `${path}/libc_malloc_debug.so.0`).find((path) => existsSync(path));

/** A clock of the system that one process sees, and that can be set while it runs. Its monotonic clock is the real one. */
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

  /** Variables of the process whose clock it is. */
  get env(): Readonly<Record<string, string>> {
    return {
      LD_PRELOAD: FAKETIME!,
      FAKETIME_TIMESTAMP_FILE: join(this.directory, 'time'),
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
      FAKETIME_NO_CACHE: '1',
    };
  }

  /** The same for a redis-server. */
  get envOfRedis(): Readonly<Record<string, string>> {
    return { ...this.env, LD_PRELOAD: `${MALLOC!}:${FAKETIME!}` };
  }

  /** @param seconds ahead of the real time; negative: behind it */
  async set(seconds: number): Promise<void> {
    const next = join(this.directory, 'next');
    await writeFile(next, `${seconds < 0 ? '-' : '+'}${Math.abs(seconds)}\n`);
    await rename(next, join(this.directory, 'time')); // it is read at any moment
  }

  async remove(): Promise<void> {
    await removeDirectory(this.directory);
  }
}
