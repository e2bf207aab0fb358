import 'reflect-metadata';
import { Logger, type DynamicModule, type Type } from '@nestjs/common';
import { loadProvider, scanModules } from '../../nest/injector.js';
import type { AsyncApiDocument, AsyncApiInfo } from './asyncapi-document.js';
import { RealtimeAsyncApi } from './asyncapi.service.js';

/** A root module, in any form that `NestFactory.create` accepts. */
export type RootModule = Type | DynamicModule | Promise<DynamicModule>;

const MODULE_METADATA = ['imports', 'providers', 'controllers', 'exports'];

/** Returns the exports of a file that are modules, by export name. */
export function modulesOf(exported: object): Map<string, RootModule> {
  return new Map(Object.entries(exported).filter((entry): entry is [string, RootModule] => isModule(entry[1])));
}

/**
 * Describes the channels of an application without starting it. Nest scans the modules, and constructs only the options of the
 * RealtimeModule and their dependencies. No connection is opened. This needs Nest's own injector: an application context
 * constructs every provider, or none in preview mode.
 * @throws Error if no module imports the RealtimeModule, or any error that the application throws
 */
export async function moduleDocument(root: RootModule, info?: AsyncApiInfo): Promise<AsyncApiDocument> {
  // Only the document is written to stdout.
  Logger.overrideLogger(['warn', 'error', 'fatal']);
  const asyncApi = await loadProvider(await scanModules(root), RealtimeAsyncApi);
  if (asyncApi !== undefined) return asyncApi.document(info);
  throw new Error('no module imports RealtimeModule.forRoot(…) from the package of this command');
}

function isModule(value: unknown): boolean {
  if (typeof value === 'function') return MODULE_METADATA.some((key) => Reflect.hasOwnMetadata(key, value));
  return typeof value === 'object' && value !== null && typeof Reflect.get(value, 'module') === 'function';
}
