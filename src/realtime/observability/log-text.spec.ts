import { Logger } from '@nestjs/common';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fieldsOf } from './log-fields.js';
import { toLogError, toLogLine } from './log-text.js';
import { SafeLogger } from './safe-logger.js';

/** Text that starts a line, controls a terminal, or hides or reverses the text after it. */
const HOSTILE = 'a\nERROR forged\r\u001b[2J\u009b31m\u0085\u2028\u2029\u202e\u2066\u200b\ufeff\u0000\u007f\ud800b';

// The same set, written as Unicode classes.
const UNSAFE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u;

describe('toLogLine', () => {
  it('escapes characters that end a line or control a terminal', () => {
    expect(toLogLine(HOSTILE)).not.toMatch(UNSAFE);
    expect(toLogLine('a\nb\u009b')).toBe('a\\u000ab\\u009b');
  });

  it('does not change ordinary text in any language', () => {
    for (const text of ['An event to users:created', 'größer', '日本語', '😀 "quoted" – fine']) {
      expect(toLogLine(text)).toBe(text);
    }
  });

  it('truncates a line', () => expect(toLogLine('x'.repeat(1_000_000)).length).toBeLessThan(5_000));
});

describe('toLogError', () => {
  it('keeps the calls of a stack, and puts the message on one line', () => {
    const error = new TypeError(`${HOSTILE}\n    and on`);
    const safe = toLogError(error) as Error;
    expect(safe.message).not.toMatch(UNSAFE);
    const [first, ...frames] = safe.stack!.split('\n');
    expect(first).toBe(`TypeError: ${safe.message}`);
    expect(frames.length).toBeGreaterThan(0);
    for (const frame of frames) expect(frame).toMatch(/^ {4}at /);
  });
});

describe('toLogError: text that looks like a stack', () => {
  const FORGED = 'at admin (login ok)';

  it('is not a call of the stack if it is in the message', () => {
    const { stack } = toLogError(new Error(`x\n    ${FORGED}`)) as Error;
    expect(stack!.split('\n').slice(1).join()).not.toContain(FORGED);
  });

  it('is not a call of the stack if the message was changed later', () => {
    const error = new Error(`x\n    ${FORGED}`);
    expect(error.stack).toContain(FORGED);
    error.message = 'another';
    expect((toLogError(error) as Error).stack!.split('\n').slice(1).join()).not.toContain(FORGED);
  });

  it('is one line in a value that is not an error', () => {
    for (const thrown of [{ user: HOSTILE }, [HOSTILE], new Map([[HOSTILE, 1]]), Symbol(HOSTILE), () => HOSTILE]) {
      const line = toLogError(thrown);
      expect(line).toEqual(expect.any(String));
      expect(line).not.toMatch(UNSAFE);
    }
  });
});

describe('every logger of the module', () => {
  it.each(['log', 'warn', 'error', 'debug'] as const)('writes hostile text as one line: %s', (level) => {
    const written: unknown[] = [];
    const logger = new SafeLogger('Realtime');
    Logger.overrideLogger({ ...silent, [level]: (...parts: unknown[]) => void written.push(...parts) });
    try {
      if (level === 'error') logger.error(HOSTILE, new Error(HOSTILE));
      else logger[level](HOSTILE);
    } finally {
      Logger.overrideLogger(false);
    }
    const [line, error] = written as [string, unknown];
    expect(line).not.toMatch(UNSAFE);
    if (error instanceof Error) expect(error.message).not.toMatch(UNSAFE);
    expect(written.length).toBeGreaterThan(0);
  });

  it('is a SafeLogger: no file of the module creates another logger, or writes without one', async () => {
    const folder = join(import.meta.dirname, '..');
    const files = (await readdir(folder, { recursive: true })).filter((file) => /(?<!\.spec|\.d)\.ts$/.test(file));
    expect(files.length).toBeGreaterThan(100);
    const others: string[] = [];
    for (const file of files) {
      const text = await readFile(join(folder, file), 'utf8');
      if (
        /new (Console)?Logger\(|\bLogger\.(log|warn|error|debug)\(|\bconsole\.(log|info|warn|error|debug)\(|process\.std(out|err)/.test(
          text,
        )
      )
        others.push(file);
    }
    expect(others).toEqual([]);
  });
});

describe('fieldsOf', () => {
  it('quotes hostile text so that no field and no line can be forged', () => {
    const line = fieldsOf({ user: `u1 role=admin ${HOSTILE}`, code: 'x' });
    expect(line).not.toMatch(UNSAFE);
    expect(line).toMatch(/^ user="u1 role=admin .*" code=x$/);
  });
});

const silent = { log: ignore, warn: ignore, error: ignore, debug: ignore };

function ignore(): void {}
