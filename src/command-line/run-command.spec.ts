import { memoryTerminal } from '../../test/support/memory-terminal.js';
import { ToolError } from '../asyncapi-tools/tool-error.js';
import { withValues, type Command, type Given } from './command.js';
import { runTool } from './run-command.js';

describe('a program with commands', () => {
  let given: Given | undefined;
  const draw: Command = {
    name: 'draw',
    usage: 'draw <picture> [--token <jwt>]\n      Draws a picture.',
    options: { ...withValues('token'), fast: { type: 'boolean' }, out: { type: 'string', short: 'o' } },
    run: (args) => {
      given = args;
      if (args.words.length === 0) return Promise.reject(new ToolError('draw takes a picture'));
      return Promise.resolve(1);
    },
  };
  const tool = {
    name: 'painter',
    commands: [draw],
    elsewhere: { sing: 'sing is in singer' },
    notes: 'Exit codes: 0\n',
  };

  const run = async (...args: string[]) => {
    const terminal = memoryTerminal();
    given = undefined;
    return { code: await runTool(tool, args, terminal), out: terminal.out, problem: terminal.problems };
  };

  it('passes on words, options and flags, and returns the exit code', async () => {
    expect(await run('draw', 'a', '--token=x', '-o', 'file', '--fast', '--', '-b')).toEqual({
      code: 1,
      out: '',
      problem: '',
    });
    expect(given).toEqual({ words: ['a', '-b'], texts: { token: 'x', out: 'file' }, flags: new Set(['fast']) });
    await run('draw', 'a', '--token', '-');
    expect(given?.texts).toEqual({ token: '-' });
  });

  it.each([['--help'], ['-h'], ['help']])('prints the whole help for %s', async (...args) => {
    expect(await run(...args)).toEqual({
      code: 0,
      out: 'Usage:\n  painter draw <picture> [--token <jwt>]\n      Draws a picture.\n\nExit codes: 0\n',
      problem: '',
    });
  });

  it('prints the help of one command, and does not run it', async () => {
    const { code, out } = await run('draw', '--fast', '--help');
    expect([code, out]).toEqual([0, expect.stringContaining('Draws a picture.') as string]);
    expect(given).toBeUndefined();
  });

  it.each([
    [[], 'no command given: see painter --help'],
    [['paint'], 'unknown command "paint": see painter --help'],
    [['--fast', 'draw'], 'options come after the command: see painter --help'],
    [['sing'], 'sing is in singer'],
    [['constructor'], 'unknown command "constructor": see painter --help'],
    [['draw'], 'draw takes a picture'],
    [['draw', '--slow'], 'draw has no option --slow: see painter draw --help'],
    [['draw', '--slow=secret'], 'draw has no option --slow: see painter draw --help'],
    [['draw', '--toString'], 'draw has no option --toString: see painter draw --help'],
    [['draw', '--fast=yes'], '--fast takes no value'],
    [['draw', '--token'], '--token needs a value; write --token=… if it starts with "-"'],
    [['draw', '--token='], '--token needs a value; write --token=… if it starts with "-"'],
    [['draw', '--token', '--fast'], '--token needs a value; write --token=… if it starts with "-"'],
  ])('answers %j with one sentence and exit code 2', async (args, problem) => {
    expect(await run(...args)).toEqual({ code: 2, out: '', problem: `painter: ${problem}\n` });
  });

  it('does not repeat a token in the place of the command', async () => {
    const { problem } = await run('eyJhbGciOiJIUzI1NiJ9.e30.signature');
    expect(problem).toBe('painter: unknown command: see painter --help\n');
  });
});
