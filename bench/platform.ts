import { freePort } from '../test/support/ports.js';
import { Child } from '../test/support/child.js';
import { makeTemporaryDirectory, removeDirectory } from '../test/support/temporary-directory.js';
import { cpuOfProcess, memoryOfProcess } from './process-usage.js';
import { sleep } from './clock.js';

/** Time limit of a start, in milliseconds. */
const START_MS = 90_000;

/** A started program, at the moment when it is ready. */
export interface Started {
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly megabytes: number;
}

/** Starts the built platform with a database in memory, measures it once it is ready, and ends it. */
export async function startPlatform(): Promise<Started> {
  const dataDir = await makeTemporaryDirectory();
  const port = await freePort();
  const env = {
    PORT: String(port),
    TLS_PORT: '0',
    DATABASE_URL: 'memory:',
    DATA_DIR: dataDir,
  };
  const begun = performance.now();
  const platform = new Child(process.execPath, ['dist/main.js'], {
    env: { ...process.env, ...env },
  });
  try {
    while (!(await isReady(port))) {
      if (performance.now() - begun > START_MS) throw new Error(`The platform did not start:\n${platform.output}`);
      await sleep(10);
    }
    const seconds = (performance.now() - begun) / 1e3;
    const pid = platform.pid!;
    return {
      seconds,
      cpuSeconds: cpuOfProcess(pid) / 1e6,
      megabytes: memoryOfProcess(pid) / 2 ** 20,
    };
  } finally {
    await platform.stop('SIGKILL');
    await removeDirectory(dataDir);
  }
}

async function isReady(port: number): Promise<boolean> {
  try {
    return (await fetch(`http://127.0.0.1:${port}/health/ready`)).ok;
  } catch {
    return false; // it does not listen yet
  }
}
