import type { ModulesContainer } from '@nestjs/core';
import type { ChannelDefinition } from '../options/channel-definition.js';
import { liveDefinitionOf, type LiveDefinition } from './live-definition.js';
import { POLICY_PATTERNS, type CanSubscribe } from './channel-policy.js';

/** The channels that one module registers with `forFeature`. */
export class ChannelFeature {
  constructor(readonly channels: readonly ChannelDefinition[]) {}
}

/** A policy that a module provides. */
export interface PolicyEntry {
  readonly patterns: readonly string[];
  /** Name of the policy class. */
  readonly name: string;
  /** Name of the module that provides it. */
  readonly module: string;
  /** The policy, or `undefined` while it is not constructed, and always if it is request-scoped. */
  readonly instance: CanSubscribe | undefined;
}

/** The channels and policies that the modules of an application register. */
export class ChannelFeatures {
  constructor(
    readonly channels: readonly (ChannelDefinition | LiveDefinition)[] = [],
    readonly policies: readonly PolicyEntry[] = [],
  ) {}

  /** Collects channels and policies from the scanned modules, before Nest constructs their providers. */
  static of(modules: ModulesContainer): ChannelFeatures {
    const channels: (ChannelDefinition | LiveDefinition)[] = [];
    const live = new Set<LiveDefinition>();
    const policies: PolicyEntry[] = [];
    for (const { providers, name: module } of modules.values()) {
      for (const wrapper of providers.values()) {
        if (wrapper.instance instanceof ChannelFeature) channels.push(...wrapper.instance.channels);
        // If a test overrides a policy with a value, the class remains in the token.
        const classes = [wrapper.metatype, wrapper.token].filter((type) => typeof type === 'function');
        const type = classes.find((candidate) => patternsOf(candidate) !== undefined);
        for (const one of classes) {
          const definition = liveDefinitionOf(one);
          if (definition !== undefined) live.add(definition);
        }
        if (type === undefined) continue;
        policies.push({
          patterns: patternsOf(type)!,
          name: type.name,
          module,
          get instance() {
            return wrapper.isDependencyTreeStatic() ? (wrapper.instance as CanSubscribe | undefined) : undefined;
          },
        });
      }
    }
    return new ChannelFeatures([...channels, ...live], policies);
  }
}

function patternsOf(type: object): readonly string[] | undefined {
  return Reflect.getMetadata(POLICY_PATTERNS, type) as readonly string[] | undefined;
}
