import { ApplicationConfig, MetadataScanner, NestContainer, type ModulesContainer } from '@nestjs/core';
import * as injectors from '@nestjs/core/injector/injector.js';
import * as inspectors from '@nestjs/core/inspector/noop-graph-inspector.js';
import * as scanners from '@nestjs/core/scanner.js';
import type { Type } from '@nestjs/common';
import { internalOf } from './internal-of.js';

const Injector = internalOf(injectors, 'Injector', '@nestjs/core/injector/injector.js');
const NoopGraphInspector = internalOf(
  inspectors,
  'NoopGraphInspector',
  '@nestjs/core/inspector/noop-graph-inspector.js',
);
const DependenciesScanner = internalOf(scanners, 'DependenciesScanner', '@nestjs/core/scanner.js');

/** Scans the modules of an application without starting it. No provider is constructed. */
export async function scanModules(root: unknown): Promise<ModulesContainer> {
  const config = new ApplicationConfig();
  const container = new NestContainer(config);
  await new DependenciesScanner(container, new MetadataScanner(), NoopGraphInspector, config).scan(root as Type);
  return container.getModules();
}

/**
 * Constructs one provider of the scanned modules with its dependencies, and no other provider.
 * @returns the instance, or `undefined` if no module provides it
 */
export async function loadProvider<T>(modules: ModulesContainer, type: Type<T>): Promise<T | undefined> {
  for (const module of modules.values()) {
    const provider = module.providers.get(type);
    if (provider === undefined) continue;
    await new Injector().loadProvider(provider, module);
    return provider.instance as T;
  }
  return undefined;
}
