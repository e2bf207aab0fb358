import { ContextIdFactory, ModuleRef, type ExternalContextCreator } from '@nestjs/core';
import type { Type } from '@nestjs/common';
import { ROUTE_ARGS_METADATA } from '../nest/route-metadata.js';
import type { FoundCommand, Wrapper } from './find-commands.js';
import { withProgress } from './progress.js';
import type { RunningCall } from './running-call.js';

/** Calls a handler, with its guards, interceptors, pipes and filters. Rejects with what they throw. */
export type Invoke = (call: RunningCall) => Promise<unknown>;

type Handler = (this: object, ...args: unknown[]) => unknown;
type Instance = Readonly<Record<string, Handler>>;

/**
 * Guards and interceptors see an RPC context: `switchToRpc().getData()` is the input as it was received, `getContext()` the
 * call.
 */
const CONTEXT_TYPE = 'rpc';
const ENHANCERS = { guards: true, interceptors: true, filters: true };

/** Returns a function that calls the handler of a command. */
export function invokerOf(creator: ExternalContextCreator, command: FoundCommand): Invoke {
  const { wrapper, method } = command;
  const wrapped = new WeakMap<Handler, Handler>();
  const progressing = (handler: Handler): Handler => {
    let found = wrapped.get(handler);
    if (found === undefined) wrapped.set(handler, (found = withProgress(handler)));
    return found;
  };
  const contextOf = (instance: object, contextId?: ReturnType<typeof ContextIdFactory.create>) =>
    creator.create(
      ...([
        instance,
        progressing((instance as Instance)[method]!),
        method,
        ROUTE_ARGS_METADATA,
        NO_PARAMETERS,
      ] as const),
      ...([contextId, contextId === undefined ? undefined : wrapper.id, ENHANCERS, CONTEXT_TYPE] as const),
    ) as (data: unknown, call: RunningCall) => Promise<unknown>;
  if (wrapper.isDependencyTreeStatic()) {
    const run = contextOf(wrapper.instance as object);
    return (call) => run(call.data, call);
  }
  const moduleRef = moduleRefOf(wrapper);
  return async (call) => {
    const contextId = ContextIdFactory.create();
    moduleRef.registerRequestByContextId(call, contextId);
    const instance = await moduleRef.resolve<object>(wrapper.token as Type<object>, contextId);
    return contextOf(instance, contextId)(call.data, call);
  };
}

/** All parameters are decorated with factories, which Nest calls itself. */
const NO_PARAMETERS = { exchangeKeyForValue: () => undefined };

/** The module of the provider resolves it, because other modules can have a provider with the same token. */
function moduleRefOf({ host, name }: Wrapper): ModuleRef {
  const found = host?.providers.get(ModuleRef)?.instance as ModuleRef | undefined;
  if (found !== undefined) return found;
  throw new Error(`RealtimeModule: this version of @nestjs/core keeps the module of ${String(name)} elsewhere`);
}
