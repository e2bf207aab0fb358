import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { Child } from './child.js';
import { makeTemporaryDirectory, removeDirectory } from './temporary-directory.js';

const JEST = resolve('node_modules/jest/bin/jest.js');
const REPORTER = resolve('test/support/closing-line.reporter.cjs');

describe('the closing line', () => {
  let directory: string;

  beforeEach(async () => {
    directory = await makeTemporaryDirectory();
    const config = { reporters: ['default', REPORTER], testMatch: ['**/*.test.js'], transform: {} };
    await writeFile(join(directory, 'package.json'), JSON.stringify({ jest: config }));
    await writeFile(join(directory, 'good.test.js'), "test('a', () => {}); test.skip('b', () => {});");
  });

  afterEach(() => removeDirectory(directory));

  /** Runs jest on the directory with combined output. @returns the exit code and the last line */
  async function run(): Promise<[number | null, string | undefined]> {
    const jest = new Child('sh', ['-c', 'exec "$0" "$1" 2>&1', process.execPath, JEST], { cwd: directory });
    const { code } = await jest.exited;
    return [code, jest.stdout.trimEnd().split('\n').at(-1)];
  }

  it('is the last line and counts the tests', async () => {
    expect(await run()).toEqual([0, '1 passed, 0 failed, 1 skipped']);
  });

  it('counts failed tests, files that do not load, and files that fail after their tests', async () => {
    await writeFile(join(directory, 'bad.test.js'), "test('c', () => { throw new Error(); });");
    await writeFile(join(directory, 'load.test.js'), "require('./not-there');");
    await writeFile(join(directory, 'late.test.js'), "afterAll(() => { throw new Error(); }); test('d', () => {});");
    expect(await run()).toEqual([1, '2 passed, 3 failed, 1 skipped']);
  });
});
