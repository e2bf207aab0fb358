import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCommand, type Tool } from './command.js';
import { documentText } from './write-document.js';

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

describe('the command', () => {
  let home: string;
  const at = (name: string): string => join(home, name);

  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'nestjs-realtime-'));
    await writeFile(at('old.json'), documentOf({ properties: { a: { type: 'string' } } }));
    await writeFile(at('new.json'), documentOf({ properties: { a: { type: 'string' }, b: { type: 'string' } } }));
    await writeFile(at('text.json'), 'hello');
  });
  afterAll(() => rm(home, { recursive: true }));

  const run = (...args: string[]) => runTool({ name: 'nestjs-realtime-asyncapi', documentText }, args);
  const runTool = async (tool: Tool, args: string[]) => {
    const output = { code: 0, out: '', problem: '' };
    output.code = await runCommand(tool, args, {
      write: (text) => (output.out += text),
      complain: (text) => (output.problem += text),
    });
    return output;
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
    [[], 'no command given'],
    [['draw'], 'unknown command "draw"'],
    [['types'], 'types takes one document, not 0'],
    [['diff', 'a.json'], 'diff takes two documents, the older one first, not 1'],
    [['diff', 'a.json', 'b.json', '--out', 'c'], 'diff takes no options'],
    [['types', 'a.json', '--title', 'x'], '--title is for write'],
    [['write'], 'write takes the file of one module, not 0'],
    [['write', 'a.js', '--no-augment'], '--no-augment is for types'],
    [['write', 'a.js', '--protocol', 'http'], '--protocol is ws or wss, not "http"'],
    [['write', 'absent.js'], 'absent.js cannot be loaded: '],
    [['types', 'a.json', '--fast'], "Unknown option '--fast'"],
    [['types', 'absent.json'], 'absent.json cannot be read: ENOENT'],
  ])('exits with 2 for %j', async (args, problem) => {
    const output = await run(...args);
    expect(output).toMatchObject({ code: 2, out: '' });
    expect(output.problem).toContain(`nestjs-realtime-asyncapi: ${problem}`);
  });

  it('exits with 2 for a file that is not a document, and for one that cannot be written', async () => {
    const wrong = await run('diff', at('old.json'), at('text.json'));
    expect(wrong.code).toBe(2);
    expect(wrong.problem).toMatch(/text\.json: it is not JSON: /);
    const unwritable = await run('types', at('old.json'), '--out', at('absent/events.ts'));
    expect(unwritable.code).toBe(2);
    expect(unwritable.problem).toContain('events.ts cannot be written: ENOENT');
  });

  it('write: exits with 2 for a file that exports no module, or several without the root module', async () => {
    await writeFile(at('none.mjs'), 'export const answer = 42; export class Service {}');
    const none = await run('write', at('none.mjs'));
    expect(none).toMatchObject({ code: 2, out: '' });
    expect(none.problem).toContain('none.mjs exports no Nest module');
    await writeFile(
      at('two.cjs'),
      'class Left {}\nReflect.defineMetadata("imports", [], Left);\nmodule.exports = { ["Left"]: Left, ["Right"]: { module: Left } };',
    );
    const two = await run('write', at('two.cjs'));
    expect(two.problem).toContain('two.cjs exports no module AppModule, but Left, Right: choose one with --module');
    const named = await run('write', at('two.cjs'), '--module', 'Right');
    expect(named.problem).toContain('Right of ');
    expect(named.problem).toContain('no module imports RealtimeModule.forRoot');
  });

  it('has no write in the package of the client, and says where it is', async () => {
    const client = { name: 'nestjs-realtime-client' };
    const { out } = await runTool(client, ['--help']);
    expect(out).toContain('nestjs-realtime-client types <document.json>');
    expect(out).not.toContain(' write <');
    expect(await runTool(client, ['write', 'app.module.js'])).toEqual({
      code: 2,
      out: '',
      problem:
        'nestjs-realtime-client: write needs the server: run nestjs-realtime-asyncapi, of the package nestjs-realtime\n',
    });
  });

  it('prints its usage', async () => {
    expect(await run('--help')).toMatchObject({ code: 0, out: expect.stringContaining('Usage:') as string });
  });
});
