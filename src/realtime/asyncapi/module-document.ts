import 'reflect-metadata';
import { Logger, type DynamicModule, type Type } from '@nestjs/common';
import { loadProvider, scanModules } from '../nest/injector.js';
import type { AsyncApiDocument, AsyncApiInfo } from './asyncapi-document.js';
import { RealtimeAsyncApi } from './asyncapi.service.js';

/** A root module, as `NestFactory.create` takes it. */
export type RootModule = Type | DynamicModule | Promise<DynamicModule>;

const MODULE_METADATA = ['imports', 'providers', 'controllers', 'exports'];

/** The modules among what a file exports, by their names. */
export function modulesOf(exported: object): Map<string, RootModule> {
  return new Map(Object.entries(exported).filter((entry): entry is [string, RootModule] => isModule(entry[1])));
}

/**
 * Describes the channels of an application that is not started: Nest looks through its modules, and of what they provide
 * only the options of the RealtimeModule are constructed, with what these are made of. Nothing is connected to.
 * It needs Nest's own injector: an application context constructs all or, in its preview mode, nothing.
 * @throws Error where no module imports the RealtimeModule; and whatever the application throws
 */
export async function moduleDocument(root: RootModule, info?: AsyncApiInfo): Promise<AsyncApiDocument> {
  Logger.overrideLogger(['warn', 'error', 'fatal']); // the standard output is the document's
  const asyncApi = await loadProvider(await scanModules(root), RealtimeAsyncApi);
  if (asyncApi !== undefined) return asyncApi.document(info);
  throw new Error('no module imports RealtimeModule.forRoot(…) from the package of this command');
}

function isModule(value: unknown): boolean {
  if (typeof value === 'function') return MODULE_METADATA.some((key) => Reflect.hasOwnMetadata(key, value));
  return typeof value === 'object' && value !== null && typeof Reflect.get(value, 'module') === 'function';
}
