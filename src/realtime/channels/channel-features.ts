import type { ModulesContainer } from '@nestjs/core';
import type { ChannelDefinition } from '../options/channel-definition.js';
import { POLICY_PATTERNS, type CanSubscribe } from './channel-policy.js';

/** The channels that one module registers with `forFeature`. */
export class ChannelFeature {
  constructor(readonly channels: readonly ChannelDefinition[]) {}
}

/** A policy that some module provides. */
export interface PolicyEntry {
  readonly patterns: readonly string[];
  /** The name of its class. */
  readonly name: string;
  /** The name of the module that provides it. */
  readonly module: string;
  /** `undefined` until it is constructed, and for one that is constructed for each request. */
  readonly instance: CanSubscribe | undefined;
}

/** The channels and policies that the modules of an application register. */
export class ChannelFeatures {
  constructor(
    readonly channels: readonly ChannelDefinition[] = [],
    readonly policies: readonly PolicyEntry[] = [],
  ) {}

  /** Looks through the modules as Nest has scanned them, before it constructs what they provide. */
  static of(modules: ModulesContainer): ChannelFeatures {
    const channels: ChannelDefinition[] = [];
    const policies: PolicyEntry[] = [];
    for (const { providers, name: module } of modules.values()) {
      for (const wrapper of providers.values()) {
        if (wrapper.instance instanceof ChannelFeature) channels.push(...wrapper.instance.channels);
        // A test that overrides a policy by a value leaves its class in the token.
        const classes = [wrapper.metatype, wrapper.token].filter((type) => typeof type === 'function');
        const type = classes.find((candidate) => patternsOf(candidate) !== undefined);
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
    return new ChannelFeatures(channels, policies);
  }
}

function patternsOf(type: object): readonly string[] | undefined {
  return Reflect.getMetadata(POLICY_PATTERNS, type) as readonly string[] | undefined;
}
