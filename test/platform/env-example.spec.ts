import { readFile } from 'node:fs/promises';
import { REALTIME_VARIABLES, realtimeOptionsFromEnv, type RealtimeOptions } from '../../src/realtime/index.js';
import { resolveOptions } from '../../src/realtime/options/resolve-options.js';
import { PlatformConfig } from '../../src/platform/config/platform-config.js';

/** A variable in its own line of .env.example. */
const LINE = /^([A-Z][A-Z_]+)=(.*)$/;

async function documented(): Promise<Map<string, string>> {
  const lines = (await readFile('.env.example', 'utf8')).split('\n');
  return new Map(lines.flatMap((line) => (LINE.test(line) ? [LINE.exec(line)!.slice(1) as [string, string]] : [])));
}

describe('.env.example', () => {
  it('has every variable that the platform reads, and otherwise only those of the module', async () => {
    const read = new Set<string>();
    const env = new Proxy<NodeJS.ProcessEnv>({}, { get: (_, name) => void read.add(String(name)) });
    expect(new PlatformConfig(env).port).toBe(8888);
    const ofTheModule = (name: string): boolean => name.startsWith('REALTIME_') || name.startsWith('REDIS_');
    const names = [...(await documented()).keys()].filter((name) => !ofTheModule(name));
    expect(names.toSorted()).toEqual([...read].filter((name) => !ofTheModule(name)).toSorted());
  });

  it('shows the defaults', async () => {
    const env = Object.fromEntries([...(await documented())].filter(([name]) => !name.startsWith('RE')));
    expect(new PlatformConfig(env)).toEqual(new PlatformConfig({}));
  });

  it('has every variable that the module reads, and no unknown one', async () => {
    const names = [...(await documented()).keys()].filter((name) => /^(REALTIME|REDIS)_/.test(name));
    expect(new Set(names)).toEqual(new Set(REALTIME_VARIABLES));
  });

  it('shows the defaults of the module, except for the platform’s event size', async () => {
    const env = Object.fromEntries([...(await documented())].filter(([name]) => /^(REALTIME|REDIS)_/.test(name)));
    const jwt: RealtimeOptions['jwt'] = { secret: 'x'.repeat(32) };
    const shown = resolveOptions({ ...realtimeOptionsFromEnv(env), jwt });
    expect(shown).toEqual(resolveOptions({ jwt, maxEventBytes: new PlatformConfig({}).realtime.maxEventBytes! }));
  });

  it('has a sentence above every variable', async () => {
    const lines = (await readFile('.env.example', 'utf8')).split('\n');
    const bare = lines.filter((line, index) => LINE.test(line) && !/^(#|[A-Z])/.test(lines[index - 1] ?? ''));
    expect(bare).toEqual([]);
  });
});
