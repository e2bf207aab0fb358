import { Injectable, type OnModuleInit } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { ChannelCatalogue } from '../channels/channel-catalogue.js';
import { covers } from '../channels/patterns.js';
import { RealtimeOptionsError } from '../options/resolve-options.js';
import { EMITS_PUBLISHER, emitsOf } from './emits.js';
import { EventsPublisher } from './events-publisher.js';

/** Checks the channels of all methods with `@Emits` when the application starts. */
@Injectable()
export class EmitsCheck implements OnModuleInit {
  constructor(
    private readonly modules: ModulesContainer,
    private readonly catalogue: ChannelCatalogue,
    private readonly events: EventsPublisher,
  ) {}

  /** @throws RealtimeOptionsError with a sentence for each channel that is not registered */
  onModuleInit(): void {
    const problems = new Set<string>();
    for (const { providers, controllers } of this.modules.values()) {
      for (const { metatype, instance, isNotMetatype } of [...providers.values(), ...controllers.values()]) {
        const isMade = isNotMetatype && typeof instance === 'object' && instance !== null;
        const prototype: unknown = isMade ? Object.getPrototypeOf(instance) : Reflect.get(metatype ?? {}, 'prototype');
        const methods = [...emittingMethods(prototype)];
        for (const [method, channel] of methods) {
          if (this.isRegistered(channel)) continue;
          problems.add(
            `@Emits('${channel}') on ${method}: the channel is not registered. Add it to \`channels\` or forFeature`,
          );
        }
        // Nest does not inject properties into what a factory returned.
        if (isMade && methods.length > 0 && !(EMITS_PUBLISHER in instance)) {
          Object.defineProperty(instance, EMITS_PUBLISHER, { value: this.events });
        }
      }
    }
    if (problems.size > 0) throw new RealtimeOptionsError([...problems]);
  }

  private isRegistered(channel: string): boolean {
    if (this.catalogue.find(channel) !== null) return true;
    return [...this.catalogue.registered()].some(([pattern]) => covers(pattern, channel));
  }
}

function* emittingMethods(prototype: unknown): Iterable<[method: string, channel: string]> {
  for (
    let owner = prototype;
    typeof owner === 'object' && owner !== null && owner !== Object.prototype;
    owner = Object.getPrototypeOf(owner)
  ) {
    for (const name of Reflect.ownKeys(owner)) {
      const method: unknown = Object.getOwnPropertyDescriptor(owner, name)?.value;
      for (const channel of emitsOf(method)) yield [`${owner.constructor.name}.${String(name)}`, channel];
    }
  }
}
