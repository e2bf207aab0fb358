import type { DiscoveryService, MetadataScanner } from '@nestjs/core';
import { MAX_COMMAND_LENGTH } from '../../protocol/index.js';
import type { EventClass } from '../options/channel-definition.js';
import { ROUTE_ARGS_METADATA } from '../nest/route-metadata.js';
import { COMMANDS_CLASS, declarationsOf, inputClassOf, type CommandOptions } from './decorators.js';

/** A provider, as Nest keeps it. */
export type Wrapper = ReturnType<DiscoveryService['getProviders']>[number];

/** A method with `@Command`. */
export interface FoundCommand {
  readonly name: string;
  readonly options: CommandOptions;
  readonly input: EventClass | null;
  readonly wrapper: Wrapper;
  readonly method: string;
}

/**
 * Finds the commands of all providers with `@RealtimeCommands`.
 * @throws Error with a sentence for each command that cannot be called
 */
export function findCommands(discovery: DiscoveryService, scanner: MetadataScanner): Map<string, FoundCommand> {
  const problems: string[] = [];
  const commands = new Map<string, FoundCommand>();
  const seen = new Set<unknown>();
  for (const wrapper of [...discovery.getProviders(), ...discovery.getControllers()]) {
    const type: unknown = wrapper.metatype;
    if (wrapper.isAlias || wrapper.isNotMetatype || typeof type !== 'function' || seen.has(type)) continue;
    const prototype = type.prototype as object | undefined;
    if (prototype === undefined) continue;
    const isMarked = Reflect.getMetadata(COMMANDS_CLASS, type) === true;
    for (const method of scanner.getAllMethodNames(prototype)) {
      const declarations = declarationsOf((prototype as Record<string, unknown>)[method]);
      if (declarations.length === 0) continue;
      seen.add(type);
      const where = `${type.name}.${method}`;
      if (!isMarked) problems.push(`@Command on ${where}: decorate the class with @RealtimeCommands()`);
      if (wrapper.isTransient) problems.push(`@Command on ${where}: the class is transient. Use the default scope`);
      if (hasBareParameters(prototype, method)) {
        problems.push(`@Command on ${where}: decorate its parameters with @Input(), @Caller() or @Call()`);
      }
      for (const { name, options } of declarations) {
        const problem = nameProblem(name, commands.get(name));
        if (problem !== null) problems.push(`@Command('${name}') on ${where}: ${problem}`);
        commands.set(name, { name, options, input: inputClassOf(prototype, method, options), wrapper, method });
      }
    }
  }
  if (problems.length > 0) throw new Error(`RealtimeModule: ${problems.join('\n')}`);
  return commands;
}

/** Without decorators Nest would pass the unvalidated input. */
function hasBareParameters(prototype: object, method: string): boolean {
  const { length } = (prototype as Record<string, () => unknown>)[method]!;
  return length > 0 && !Reflect.hasMetadata(ROUTE_ARGS_METADATA, prototype.constructor, method);
}

function nameProblem(name: unknown, other: FoundCommand | undefined): string | null {
  if (typeof name !== 'string' || name === '' || name.length > MAX_COMMAND_LENGTH) {
    return `the name must have 1 to ${MAX_COMMAND_LENGTH} characters`;
  }
  if (other === undefined) return null;
  return `${(other.wrapper.metatype as EventClass).name}.${other.method} has the same name`;
}
