import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { compileNatively } from '../package/installed.js';
import { PostgresProcess } from '../support/postgres-process.js';

const run = promisify(execFile);
const FOLDER = 'examples/postgres-backend';

describe('the backend over Postgres in examples, outside the package', () => {
  let postgres: PostgresProcess;

  beforeAll(async () => void (postgres = await PostgresProcess.start()), 60_000);
  afterAll(() => postgres.stop());

  it('compiles against the package', async () => {
    expect(await compileNatively(FOLDER, '--noEmit')).toBe('');
  }, 120_000);

  it('keeps every guarantee of a backend, tested by node:test', async () => {
    const env = { ...process.env, POSTGRES_URL: postgres.url };
    const args = ['--import', 'tsx', '--test', '--test-reporter=tap', `${FOLDER}/postgres.backend.test.ts`];
    const { stdout } = await run(process.execPath, args, { env }).catch((error: { stdout: string }) => error);
    expect(stdout.split(/^(?= *(?:not )?ok )/m).filter((part) => /^ *not ok/.test(part))).toEqual([]);
    expect(Number(/^# pass (\d+)$/m.exec(stdout)?.[1])).toBeGreaterThan(40);
  }, 120_000);
});
