import type { ModulesContainer } from '@nestjs/core';
import { GATEWAY_OPTIONS } from '../nest/gateway-metadata.js';
import { safely } from '../observability/run-safely.js';
import { RealtimeGateway } from './realtime.gateway.js';

const HOOKS = ['afterInit', 'handleConnection', 'handleDisconnect'] as const;

type Hook = (...args: unknown[]) => unknown;
type Hooks = Partial<Record<(typeof HOOKS)[number], Hook>>;

/** Guarded hooks. A class can serve several applications in one process, and is guarded once. */
const guarded = new WeakSet<Hook>();

/**
 * Catches errors in the hooks of the application's gateways on the module's path. Nest neither awaits nor catches them,
 * so an error would end the process with all its connections. Here it is logged, and the connection stays open.
 *
 * Call it before Nest binds the hooks, which Nest does after it asked the adapter for a server.
 */
export function guardHooks(modules: ModulesContainer, path: string): void {
  for (const { providers } of modules.values()) {
    for (const { metatype, instance, isNotMetatype } of providers.values()) {
      if (isNotMetatype || typeof metatype !== 'function' || instance instanceof RealtimeGateway) continue;
      const options = Reflect.getMetadata(GATEWAY_OPTIONS, metatype) as { path?: string } | undefined;
      // The class is guarded first, so that a frozen instance inherits the guarded hook. For a request-scoped gateway,
      // Nest never uses this instance: it creates one per client from the class.
      const holders: readonly unknown[] = [metatype.prototype, instance];
      if (options?.path === path) for (const holder of holders) guard(holder, metatype.name);
    }
  }
}

function guard(holder: unknown, gateway: string): void {
  if (typeof holder !== 'object' || holder === null) return;
  const hooks = holder as Hooks;
  for (const name of HOOKS) {
    if (isAccessor(holder, name) && holder.constructor.prototype === holder) continue; // the getter needs an instance
    const hook = hooks[name];
    if (typeof hook !== 'function' || guarded.has(hook)) continue;
    const safe = safely(`${gateway}.${name}`, hook);
    guarded.add(safe);
    Reflect.defineProperty(holder, name, { value: safe, writable: true, configurable: true });
  }
}

function isAccessor(holder: object, name: string): boolean {
  for (let owner: object | null = holder; owner !== null; owner = Object.getPrototypeOf(owner) as object | null) {
    const descriptor = Object.getOwnPropertyDescriptor(owner, name);
    if (descriptor !== undefined) return descriptor.get !== undefined;
  }
  return false;
}
