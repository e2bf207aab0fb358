import { readFileSync } from 'node:fs';
import { runTool } from '../../src/command-line/run-command.js';
import { SERVER_TOOL } from '../../src/command-line/server-tool.js';
import { RealtimeApp } from '../realtime/support/realtime-app.js';
import { signToken } from '../support/jwt.js';
import { memoryTerminal } from '../support/memory-terminal.js';
import { blocksIn, blocksOf } from './support/blocks.js';
import { commandsOf } from './support/shell.js';

const PAGE = 'docs/command-line.md';
const KEY = 'a key of another service';

/** Commands for a server in all pages. run-commands.spec.ts runs those for documents. */
const COMMANDS = blocksIn('sh')
  .flatMap(({ name, code }) => commandsOf(code).map((words) => ({ name, words })))
  .filter(({ words: [npx, tool, command] }) => npx === 'npx' && tool === 'nestjs-realtime' && command !== 'asyncapi')
  .map(({ name, words }) => ({ name, args: words.slice(2) }));

/** Replaces durations, numbers and addresses: they differ each time. */
const masked = (text: string): string =>
  text
    .replaceAll(/localhost is [\d.:, ]+/g, 'localhost is ADDRESS')
    .replaceAll(/\d[\d.]* (ms|s|min|h)\b/g, 'TIME')
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'MOMENT')
    .replaceAll(/\b[0-9a-f]{12}-\d+/g, 'ID')
    .replaceAll(/port \d+ of \S+/g, 'PORT');

describe('the commands for a server', () => {
  let app: RealtimeApp;
  const outputs = blocksOf(PAGE).filter(({ language }) => language === 'text');

  beforeAll(async () => {
    app = await RealtimeApp.start({ publishApiKeys: [KEY] });
  });
  afterAll(() => app.close());

  /** Runs a documented command against the application, until the output or the end. */
  async function run(args: readonly string[]) {
    const end = new AbortController();
    const terminal = memoryTerminal({ REALTIME_TOKEN: signToken(), REALTIME_KEY: KEY }, '', end.signal);
    const here = args.map((word) =>
      word.replace(/^(http:\/\/localhost:8888|wss:\/\/api\.example\.com)$/, `http://localhost:${app.port}`),
    );
    const watched = {
      ...terminal,
      write(text: string) {
        if (args[0] === 'tail') end.abort();
        return terminal.write(text);
      },
      writeError(text: string) {
        if (text.includes('subscribed')) void app.events.emit('apps:created', { id: '1', name: 'shop' });
        terminal.writeError(text);
      },
    };
    const code = await runTool(SERVER_TOOL, here, watched);
    return { code, out: terminal.out, problems: terminal.problems };
  }

  it('are documented', () => {
    expect(COMMANDS.map(({ args }) => args[0])).toEqual(expect.arrayContaining(['check', 'whoami', 'tail', 'publish']));
  });

  it.each(COMMANDS)('at $name succeed: $args.0', async ({ args }) => {
    const { code, out } = await run(args);
    expect([code, out]).toEqual([0, expect.stringMatching(/\S\n$/) as string]);
    if (args[0] === 'check') expect(masked(out)).toBe(masked(outputs[0]!.code));
    if (args[0] === 'tail') expect(masked(out)).toBe(masked(outputs[1]!.code));
  });
});

describe('docs/command-line.md', () => {
  const page = readFileSync(PAGE, 'utf8');
  const live = SERVER_TOOL.commands.filter(({ options }) => Object.hasOwn(options, 'url'));

  it('lists every option with its commands', () => {
    const listed = [...page.matchAll(/^\| `--([\w-]+)[^|]*\| ([^|]*)\|/gm)].map(([, option, commands]) => [
      option!,
      commands!.trim() === 'all four'
        ? live.map(({ name }) => name).sort()
        : [...commands!.matchAll(/`(\w+)`/g)].map(([, name]) => name!).sort(),
    ]);
    const expected = new Map<string, string[]>();
    for (const { name, options } of live)
      for (const option of Object.keys(options)) expected.set(option, [...(expected.get(option) ?? []), name].sort());
    expect(new Map(listed.filter(([option]) => option !== 'help') as [string, string[]][])).toEqual(expected);
  });

  it('is complete in the help too', async () => {
    const terminal = memoryTerminal();
    await runTool(SERVER_TOOL, ['--help'], terminal);
    for (const { name, options } of SERVER_TOOL.commands) {
      expect(terminal.out).toContain(`  nestjs-realtime ${name} `);
      for (const option of Object.keys(options)) expect(terminal.out).toContain(`--${option}`);
    }
    for (const variable of ['REALTIME_URL', 'REALTIME_TOKEN', 'REALTIME_KEY'])
      for (const text of [page, terminal.out]) expect(text).toContain(variable);
  });
});
