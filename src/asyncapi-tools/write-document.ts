import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ToolError } from './tool-error.js';

/** What `write` is told beside the file of the module. */
export interface DocumentOptions {
  /** The name that the module is exported by, where the file exports several. */
  readonly module?: string;
  readonly title?: string;
  readonly version?: string;
  readonly host?: string;
  readonly protocol?: string;
}

/**
 * The AsyncAPI document of the application whose root module a file exports, as text.
 * @throws ToolError where the file cannot be loaded, or there is no module in it, or none that can be described
 */
export async function documentText(file: string, { module, protocol, ...rest }: DocumentOptions): Promise<string> {
  if (!isProtocol(protocol)) throw new ToolError(`--protocol is ws or wss, not ${JSON.stringify(protocol)}`);
  const exported = await attempt(`${file} cannot be loaded`, async () => {
    return (await import(pathToFileURL(resolve(file)).href)) as { readonly default?: unknown };
  });
  // Only here, for types and comparisons are for frontends too, which have no Nest.
  const { moduleDocument, modulesOf } = await attempt(
    'The application cannot be described without its packages',
    () => import('../realtime/asyncapi/module-document.js'),
  );
  // What a CommonJS file exports comes as its default.
  const all = { ...(typeof exported.default === 'object' ? exported.default : {}), ...exported };
  const modules = modulesOf(all);
  const name = module ?? (modules.size === 1 ? [...modules.keys()][0]! : 'AppModule');
  const root = modules.get(name);
  if (root === undefined) {
    const names = [...modules.keys()].join(', ');
    throw new ToolError(
      names === ''
        ? `${file} exports no module of Nest: give the file of the root module, as it was built`
        : `${file} exports no module ${name}, but ${names}: say which by --module`,
    );
  }
  const info = { ...rest, ...(protocol && { protocol }) };
  const document = await attempt(`${name} of ${file} cannot be described`, () => moduleDocument(root, info));
  return `${JSON.stringify(document, null, 2)}\n`;
}

function isProtocol(text: string | undefined): text is 'ws' | 'wss' | undefined {
  return text === undefined || text === 'ws' || text === 'wss';
}

/** @throws ToolError where it cannot be written */
export async function writeText(file: string, text: string): Promise<void> {
  await attempt(`${file} cannot be written`, () => writeFile(file, text));
}

async function attempt<T>(problem: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    throw new ToolError(`${problem}: ${(error as Error).message}`, { cause: error });
  }
}
