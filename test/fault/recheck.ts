import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { check } from './checker/check.js';
import type { RunLog } from './log.js';
import { describe } from './report.js';
import { scenarioNamed } from './scenarios/index.js';

/** Checks the log of an earlier run again: `tsx test/fault/recheck.ts <directory> <scenario>`. */
const [directory, name] = process.argv.slice(2);
if (directory === undefined || name === undefined) throw new Error('recheck.ts <directory> <scenario>');

async function read(part: keyof RunLog): Promise<never[]> {
  const text = await readFile(join(directory!, `${part}.jsonl`), 'utf8');
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as never);
}

const log: RunLog = {
  ...{ emits: await read('emits'), seen: await read('seen') },
  ...{ faults: await read('faults'), live: await read('live') },
};
const { violations, figures } = check(log, scenarioNamed(name));
process.stdout.write(`${JSON.stringify(figures)}\n${describe(violations)}`);
