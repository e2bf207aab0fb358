import { MetadataScanner, type ModulesContainer } from '@nestjs/core';
import { CommandDescriptions, type DescribedCommand } from '../channels/asyncapi/command-descriptions.js';
import { COMMANDS_CLASS, declarationsOf, inputClassOf } from './decorators.js';

/** Reads the commands of the application from its classes. */
export class DescribedCommands extends CommandDescriptions {
  constructor(private readonly modules: ModulesContainer) {
    super();
  }

  override all(): readonly DescribedCommand[] {
    const found = new Map<string, DescribedCommand>();
    const scanner = new MetadataScanner();
    for (const { providers } of this.modules.values()) {
      for (const { metatype, isNotMetatype } of providers.values()) {
        if (isNotMetatype || typeof metatype !== 'function') continue;
        if (Reflect.getMetadata(COMMANDS_CLASS, metatype) !== true) continue;
        const prototype = metatype.prototype as object;
        for (const method of scanner.getAllMethodNames(prototype)) {
          for (const { name, options } of declarationsOf((prototype as Record<string, unknown>)[method])) {
            const { output = null, once = true, anonymous = false, offline = 'fail' } = options;
            found.set(name, {
              ...{ name, output, once, anonymous, offline },
              input: inputClassOf(prototype, method, options),
            });
          }
        }
      }
    }
    return [...found.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1));
  }
}
