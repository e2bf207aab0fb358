import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { documentText } from '../asyncapi-tools/write-document.js';
import { memoryTerminal } from '../../test/support/memory-terminal.js';
import { asyncapiCommand, DOCUMENT_COMMANDS } from './documents.js';
import { runTool, type Tool } from './run-command.js';

const documentOf = (data: object): string =>
  JSON.stringify({
    asyncapi: '3.0.0',
    info: { title: 'Games', version: '1.0.0' },
    channels: {
      score: {
        address: 'games:{gameId}:score',
        messages: { event: { payload: { properties: { data } } } },
        'x-realtime': { access: 'public', history: null, presence: false },
      },
    },
  });

const SERVER: Tool = {
  name: 'nestjs-realtime',
  commands: [asyncapiCommand(documentText), ...DOCUMENT_COMMANDS],
  notes: 'Notes.\n',
};

describe('the commands for documents', () => {
  let home: string;
  const at = (name: string): string => join(home, name);

  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'nestjs-realtime-'));
    await writeFile(at('old.json'), documentOf({ properties: { a: { type: 'string' } } }));
    await writeFile(at('new.json'), documentOf({ properties: { a: { type: 'string' }, b: { type: 'string' } } }));
    await writeFile(at('text.json'), 'hello');
  });
  afterAll(() => rm(home, { recursive: true }));

  const run = async (...args: string[]) => {
    const terminal = memoryTerminal();
    const code = await runTool(SERVER, args, terminal);
    return { code, out: terminal.out, problem: terminal.problems };
  };

  it('types: writes types into a file, or to the standard output', async () => {
    expect(await run('types', at('old.json'), '--out', at('events.ts'))).toEqual({ code: 0, out: '', problem: '' });
    const code = await readFile(at('events.ts'), 'utf8');
    expect(code).toContain('[channel: `games:${string}:score`]: {');
    expect(code).toContain("declare module 'nestjs-realtime-client'");
    const { out } = await run('types', at('old.json'), '--no-augment');
    expect(out).toContain('export interface Events {');
    expect(out).not.toContain('declare module');
  });

  it('diff: lists the changes, and exits with 1 if one breaks clients', async () => {
    expect(await run('diff', at('old.json'), at('new.json'))).toEqual({
      code: 0,
      out: 'harmless  games:{gameId}:score: data.b is new\n0 breaking, 1 harmless\n',
      problem: '',
    });
    expect(await run('diff', at('new.json'), at('old.json'))).toEqual({
      code: 1,
      out: 'breaking  games:{gameId}:score: data.b is gone\n1 breaking, 0 harmless\n',
      problem: '',
    });
    expect(await run('diff', at('old.json'), at('old.json'))).toEqual({
      code: 0,
      out: 'Nothing changed.\n',
      problem: '',
    });
  });

  it.each([
    [['types'], 'types takes one document, not 0'],
    [['diff', 'a.json'], 'diff takes two documents, the older one first, not 1'],
    [['diff', 'a.json', 'b.json', '--out', 'c'], 'diff has no option --out'],
    [['types', 'a.json', '--title', 'x'], 'types has no option --title'],
    [['asyncapi'], 'asyncapi takes the file of one module, not 0'],
    [['asyncapi', 'a.js', '--no-augment'], 'asyncapi has no option --no-augment'],
    [['asyncapi', 'a.js', '--protocol', 'http'], '--protocol is ws or wss, not "http"'],
    [['asyncapi', 'absent.js'], 'absent.js cannot be loaded: '],
    [['types', 'absent.json'], 'absent.json cannot be read: ENOENT'],
  ])('exits with 2 for %j', async (args, problem) => {
    const output = await run(...args);
    expect(output).toMatchObject({ code: 2, out: '' });
    expect(output.problem).toContain(`nestjs-realtime: ${problem}`);
  });

  it('exits with 2 for a file that is not a document, and for one that cannot be written', async () => {
    const wrong = await run('diff', at('old.json'), at('text.json'));
    expect(wrong.code).toBe(2);
    expect(wrong.problem).toMatch(/text\.json: it is not JSON: /);
    const unwritable = await run('types', at('old.json'), '--out', at('absent/events.ts'));
    expect(unwritable.code).toBe(2);
    expect(unwritable.problem).toContain('events.ts cannot be written: ENOENT');
  });

  it('asyncapi: exits with 2 for a file that exports no module, or several without the root module', async () => {
    await writeFile(at('none.mjs'), 'export const answer = 42; export class Service {}');
    const none = await run('asyncapi', at('none.mjs'));
    expect(none).toMatchObject({ code: 2, out: '' });
    expect(none.problem).toContain('none.mjs exports no Nest module');
    await writeFile(
      at('two.cjs'),
      'class Left {}\nReflect.defineMetadata("imports", [], Left);\nmodule.exports = { ["Left"]: Left, ["Right"]: { module: Left } };',
    );
    const two = await run('asyncapi', at('two.cjs'));
    expect(two.problem).toContain('two.cjs exports no module AppModule, but Left, Right: choose one with --module');
    const named = await run('asyncapi', at('two.cjs'), '--module', 'Right');
    expect(named.problem).toContain('Right of ');
    expect(named.problem).toContain('no module imports RealtimeModule.forRoot');
  });
});
