import { readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { Child } from '../child.js';
import { makeTemporaryDirectory, removeDirectory } from '../temporary-directory.js';

const JEST = resolve('node_modules/jest/bin/jest.js');

interface Report {
  readonly numRuntimeErrorTestSuites: number;
  readonly testResults: readonly {
    readonly name: string;
    readonly message: string;
    readonly assertionResults: readonly { readonly title: string; readonly status: string }[];
  }[];
}

const FAILING = {
  'expectation.spec.ts': `
    interface Shape {
      readonly removed: 'by the compiler';
    }
    it('expects', () => expect({} as Shape).toEqual(1)); // line 5
  `,
  'before-all.spec.ts': `
    beforeAll(() => Promise.reject(new Error('the server does not start')));
    it('needs the server', () => {});
  `,
  'after-all.spec.ts': `
    afterAll(() => Promise.reject(new Error('the server does not stop')));
    it('leaves the server running', () => {});
  `,
  'rejection.spec.ts': `
    it('forgets a promise', async () => {
      void Promise.reject(new Error('not handled'));
      await new Promise((resolve) => setTimeout(resolve, 50));
    });
  `,
  'callback.spec.ts': `
    it('throws in a callback', async () => {
      setTimeout(() => { throw new Error('not caught'); }, 1);
      await new Promise((resolve) => setTimeout(resolve, 50));
    });
  `,
  'hang.spec.ts': `it('hangs', () => new Promise(() => {}));`,
  'hanging-import.spec.ts': `await new Promise(() => {}); it('is never defined', () => {});`,
  'load.spec.ts': `import './absent.js'; it('is never defined', () => {});`,
};

/** Passes only if the other copy of this file, which ran before in the same process, left nothing behind. */
const CHANGES = `
  import { jest } from '@jest/globals';
  import { AsyncResource } from 'node:async_hooks';

  it('has the usual time limit', () => new Promise((resolve) => setTimeout(resolve, 20)));
  it('finds everything as it was', () => {
    expect([process.env['LEFT_BEHIND'], process.env['HOME']]).toEqual([undefined, '/nowhere']);
    expect(Date.now()).toBeGreaterThan(1);
    expect(fetch).toBeInstanceOf(Function);
    expect(Math.max(1, 2)).toBe(2);
    process.env['LEFT_BEHIND'] = 'yes';
    process.env['HOME'] = '/elsewhere';
    jest.useFakeTimers({ now: 1 });
    jest.spyOn(Math, 'max').mockReturnValue(0);
    globalThis.fetch = undefined;
    jest.setTimeout(1);
  });
  it('finds no storage of the test framework from another file, which each promise would copy', () => {
    const copied = Object.getOwnPropertySymbols(new AsyncResource('any')).length;
    globalThis.copiedBefore ??= copied;
    expect(copied).toBe(globalThis.copiedBefore);
  });
  it('finds no tests of another file, which would hold all that they refer to', () => {
    const states = Object.getOwnPropertySymbols(globalThis).filter(({ description }) => description === 'JEST_STATE_SYMBOL');
    expect(states).toHaveLength(1);
  });
`;

/** Its child process uses at least 0.2 s of CPU. */
const STARTS_A_PROCESS = `
  import { execFileSync } from 'node:child_process';

  it('starts a process', () => {
    execFileSync(process.execPath, ['-e', 'while (process.cpuUsage().user < 200_000);']);
  });
`;

describe('the runner of the specs', () => {
  let directory: string;
  let jest: Child | undefined;
  let report: Report;
  let exitCode: number | null;

  beforeAll(async () => {
    directory = await makeTemporaryDirectory();
    const part = (name: string): string => resolve('test/support/runner', name);
    const config = {
      ...{ runner: part('runner.cjs'), runtime: part('runtime.cjs'), testEnvironment: part('environment.cjs') },
      ...{ testMatch: ['**/*.spec.ts'], testTimeout: 500, transform: {} },
    };
    const passing = { 'first.spec.ts': CHANGES, 'second.spec.ts': CHANGES, 'process.spec.ts': STARTS_A_PROCESS };
    const files = { ...FAILING, ...passing };
    await writeFile(join(directory, 'package.json'), JSON.stringify({ jest: config }));
    for (const [name, code] of Object.entries(files)) await writeFile(join(directory, name), code);
    const args = [JEST, '--maxWorkers=1', '--json', '--outputFile=report.json'];
    const env = { ...process.env, HOME: '/nowhere', SPEC_CPU_LIST: join(directory, 'cpu.txt') };
    jest = new Child(process.execPath, args, { cwd: directory, env });
    exitCode = (await jest.exited).code;
    report = JSON.parse(await readFile(join(directory, 'report.json'), 'utf8')) as Report;
  });
  afterAll(async () => {
    jest?.kill('SIGKILL');
    await removeDirectory(directory);
  });

  const resultOf = (file: string): Report['testResults'][number] =>
    report.testResults.find(({ name }) => name.endsWith(`/${file}`))!;

  it.each<[string, string, readonly string[]]>([
    ['expectation.spec.ts', 'expectation.spec.ts:5:', ['failed']],
    ['before-all.spec.ts', 'the server does not start', ['failed']],
    ['after-all.spec.ts', 'the server does not stop', ['passed']],
    ['rejection.spec.ts', 'not handled', ['failed']],
    ['callback.spec.ts', 'not caught', ['failed']],
    ['hang.spec.ts', 'Exceeded timeout of 500 ms', ['failed']],
    ['hanging-import.spec.ts', 'The import of this file took longer than 2000 ms', []],
    ['load.spec.ts', 'absent.js', []],
  ])('fails %s with the reason', (file, reason, statuses) => {
    const { message, assertionResults } = resultOf(file);
    expect(message).toContain(reason);
    expect(assertionResults.map(({ status }) => status)).toEqual(statuses);
  });

  it('fails the run', () => {
    expect(exitCode).toBe(1);
    expect(report.numRuntimeErrorTestSuites).toBe(3);
  });

  it('restores what a file changed before the next file runs in the same process', () => {
    for (const file of ['first.spec.ts', 'second.spec.ts']) expect(resultOf(file).message).toBe('');
  });

  it('lists the CPU time of each file, and of the processes that it started', async () => {
    const lines = (await readFile(join(directory, 'cpu.txt'), 'utf8')).trim().split('\n');
    const times = new Map(
      lines.map((line) => {
        const [total, own, children, file] = line.split(' ');
        return [file, { total: Number(total), own: Number(own), children: Number(children) }];
      }),
    );
    expect(times.size).toBe(report.testResults.length);
    expect(times.get('first.spec.ts')).toMatchObject({ children: 0 });
    const { total, own, children } = times.get('process.spec.ts')!;
    expect(children).toBeGreaterThanOrEqual(200);
    expect(own).toBeGreaterThan(0);
    expect(total).toBe(own + children);
  });
});
