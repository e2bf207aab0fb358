import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { attempt, ToolError } from './tool-error.js';

/** Options of `write`. */
export interface DocumentOptions {
  /** Export name of the module. @default the only module that the file exports; `AppModule` if there are several */
  readonly module?: string;
  readonly title?: string;
  readonly version?: string;
  readonly host?: string;
  readonly protocol?: string;
}

/**
 * Returns the AsyncAPI document of an application, as JSON.
 * @param file a built file that exports the root module
 * @throws ToolError if the file cannot be loaded, exports no module, or its module cannot be described
 */
export async function documentText(file: string, { module, protocol, ...rest }: DocumentOptions): Promise<string> {
  if (!isProtocol(protocol)) throw new ToolError(`--protocol is ws or wss, not ${JSON.stringify(protocol)}`);
  const exported = await attempt(`${file} cannot be loaded`, async () => {
    return (await import(pathToFileURL(resolve(file)).href)) as { readonly default?: unknown };
  });
  // Loaded lazily: `types` and `diff` also run in frontends, which do not have Nest.
  const { moduleDocument, modulesOf } = await attempt(
    'The application cannot be described without its packages',
    () => import('../realtime/channels/asyncapi/module-document.js'),
  );
  // A CommonJS file is imported with its exports as `default`.
  const all = { ...(typeof exported.default === 'object' ? exported.default : {}), ...exported };
  const modules = modulesOf(all);
  const name = module ?? (modules.size === 1 ? [...modules.keys()][0]! : 'AppModule');
  const root = modules.get(name);
  if (root === undefined) {
    const names = [...modules.keys()].join(', ');
    throw new ToolError(
      names === ''
        ? `${file} exports no Nest module: give the built file of the root module`
        : `${file} exports no module ${name}, but ${names}: choose one with --module`,
    );
  }
  const info = { ...rest, ...(protocol && { protocol }) };
  const document = await attempt(`${name} of ${file} cannot be described`, () => moduleDocument(root, info));
  return `${JSON.stringify(document, null, 2)}\n`;
}

function isProtocol(text: string | undefined): text is 'ws' | 'wss' | undefined {
  return text === undefined || text === 'ws' || text === 'wss';
}
