import type { DiscoveryService, MetadataScanner } from '@nestjs/core';
import { expressionOf, patternProblem } from '../channels/patterns.js';
import { HOOKS, type HookDeclaration, type RealtimeHook } from './on-realtime.js';

type Wrapper = ReturnType<DiscoveryService['getProviders']>[number];

/** A method that was declared with `@OnRealtime`. */
export interface FoundHook {
  readonly event: RealtimeHook;
  /** Class and method, for the log. */
  readonly name: string;
  /** Returns true for the channels of the hook. */
  readonly accepts: (channel: string) => boolean;
  readonly call: (payload: unknown) => unknown;
}

const CHANNEL_EVENTS: ReadonlySet<RealtimeHook> = new Set([
  ...(['subscribed', 'unsubscribed', 'occupied', 'vacated', 'released'] as const),
]);

/**
 * Finds the hooks of all providers and controllers.
 * @throws Error with a sentence for each hook that cannot be called
 */
export function findHooks(discovery: DiscoveryService, scanner: MetadataScanner): FoundHook[] {
  const problems: string[] = [];
  const hooks: FoundHook[] = [];
  const seen = new Set<unknown>();
  for (const wrapper of [...discovery.getProviders(), ...discovery.getControllers()]) {
    const prototype = prototypeOf(wrapper);
    if (prototype === null || wrapper.isAlias) continue;
    const methods = scanner.getAllMethodNames(prototype).flatMap((method) => {
      const declarations = declarationsOf(prototype, method);
      return declarations.length === 0 ? [] : [{ method, declarations }];
    });
    if (methods.length === 0) continue;
    if (!wrapper.isDependencyTreeStatic() || wrapper.isTransient) {
      problems.push(scopeProblem(wrapper, `${nameOf(prototype)}.${methods[0]!.method}`));
      continue;
    }
    const instance = wrapper.instance as Record<string, (payload: unknown) => unknown>;
    if (seen.has(instance)) continue;
    seen.add(instance);
    for (const { method, declarations } of methods) {
      const name = `${nameOf(prototype)}.${method}`;
      for (const { event, channels } of declarations) {
        problems.push(...channelProblems(name, event, channels));
        hooks.push({ event, name, accepts: acceptedBy(channels), call: (payload) => instance[method]!(payload) });
      }
    }
  }
  if (problems.length > 0) throw new Error(`RealtimeModule: ${problems.join('\n')}`);
  return hooks;
}

function prototypeOf({ instance, metatype }: Wrapper): object | null {
  // A request-scoped provider has no instance at start.
  const prototype: unknown = instance ? Object.getPrototypeOf(instance) : metatype?.prototype;
  return typeof prototype === 'object' && prototype !== Object.prototype ? prototype : null;
}

function declarationsOf(prototype: object, method: string): readonly HookDeclaration[] {
  const value = (prototype as Record<string, unknown>)[method];
  if (typeof value !== 'function') return [];
  return (Reflect.getOwnMetadata(HOOKS, value) ?? []) as readonly HookDeclaration[];
}

function nameOf(prototype: object): string {
  return prototype.constructor.name;
}

function scopeProblem(wrapper: Wrapper, name: string): string {
  const scope = wrapper.isTransient ? 'transient' : 'request-scoped';
  return `@OnRealtime on ${name}: the class is ${scope}, and there is no request when a hook is called. Move the method to a provider with the default scope, and resolve others there with ModuleRef`;
}

function channelProblems(name: string, event: RealtimeHook, channels: readonly string[] | null): string[] {
  if (channels === null) return [];
  if (!CHANNEL_EVENTS.has(event)) return [`@OnRealtime('${event}') on ${name}: the event has no channel`];
  return channels.flatMap((channel) => {
    const problem = patternProblem(channel, true);
    return problem === null ? [] : [`@OnRealtime('${event}') on ${name}: the channel ${channel} ${problem}`];
  });
}

function acceptedBy(channels: readonly string[] | null): (channel: string) => boolean {
  if (channels === null) return () => true;
  const expressions = channels.map(expressionOf);
  return (channel) => expressions.some((expression) => expression.test(channel));
}
