import { readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';

/** Folder of the built console. The CommonJS build, where `import.meta.url` is a path, uses the same files. */
const BUILT = join(
  import.meta.dirname,
  import.meta.url.startsWith('file:') ? '../console' : '../../../realtime/console',
);

const TYPES: Readonly<Record<string, string>> = {
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

export interface ConsoleFile {
  readonly type: string;
  readonly content: Buffer;
}

/** Files of the built console. */
export interface ConsoleFiles {
  readonly page: string;
  /** Files by name. No other file is served. */
  readonly assets: ReadonlyMap<string, ConsoleFile>;
}

/** Reads the built console. @throws Error if the console is not built */
export function readConsole(directory = BUILT): ConsoleFiles {
  const page = readFileSync(join(directory, 'index.html'), 'utf8');
  const assets = join(directory, 'console');
  const files = readdirSync(assets).flatMap((name): [string, ConsoleFile][] => {
    const type = TYPES[extname(name)];
    return type === undefined ? [] : [[name, { type, content: readFileSync(join(assets, name)) }]];
  });
  return { page, assets: new Map(files) };
}
