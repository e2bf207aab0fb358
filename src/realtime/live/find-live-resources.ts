import type { DiscoveryService } from '@nestjs/core';
import { liveDefinitionOf } from '../channels/live-definition.js';
import { LIVE_LIMITS, type LoadsState, type StateLimits } from './decorators.js';

/** A class with `@LiveResource`. */
export interface FoundResource {
  readonly pattern: string;
  readonly limits: StateLimits;
  readonly loader: LoadsState;
}

/**
 * Finds the live resources of the application.
 * @throws Error with a sentence for each resource that cannot be loaded
 */
export function findLiveResources(discovery: DiscoveryService): FoundResource[] {
  const problems: string[] = [];
  const found = new Map<string, FoundResource>();
  for (const wrapper of discovery.getProviders()) {
    // If a test overrides a resource with a value, the class remains in the token.
    const type = [wrapper.metatype, wrapper.token].find((one) => liveDefinitionOf(one) !== undefined);
    const definition = liveDefinitionOf(type);
    if (definition === undefined || wrapper.isAlias) continue;
    const pattern = definition.name;
    const where = `@LiveResource('${pattern}') on ${(type as { name: string }).name}`;
    if ((definition.history as unknown) === false)
      problems.push(`${where}: a live resource needs a history: remove history: false`);
    if (!wrapper.isDependencyTreeStatic()) {
      problems.push(`${where}: it and its dependencies must not be request-scoped`);
      continue;
    }
    const loader = wrapper.instance as Partial<LoadsState> | undefined;
    if (typeof loader?.load !== 'function') problems.push(`${where}: it needs a method load(context)`);
    const limits = Reflect.getMetadata(LIVE_LIMITS, type as object) as StateLimits;
    found.set(pattern, { pattern, limits, loader: loader as LoadsState });
  }
  if (problems.length > 0) throw new Error(`RealtimeModule: ${problems.join('\n')}`);
  return [...found.values()];
}
