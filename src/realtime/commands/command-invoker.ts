import type { Type } from '@nestjs/common';
import { ContextIdFactory, ModuleRef } from '@nestjs/core';
import type { HandlerCreator } from '../nest/context-creator.js';
import { ROUTE_ARGS_METADATA } from '../nest/route-metadata.js';
import { isThenable } from '../observability/run-safely.js';
import { parameterReadersOf, type ParameterReader } from './decorators.js';
import type { FoundCommand, Wrapper } from './find-commands.js';
import { withProgress } from './progress.js';
import type { RunningCall } from './running-call.js';

/**
 * Calls a handler, with its guards, interceptors, pipes and filters. Returns what it returns: a value, a promise or an observable.
 * Throws or rejects with what they throw.
 */
export type Invoke = (call: RunningCall) => unknown;

type Handler = (this: object, ...args: unknown[]) => unknown;
type Instance = Readonly<Record<string, Handler>>;

/**
 * Guards and interceptors see an RPC context: `switchToRpc().getData()` is the input as it was received, `getContext()` the
 * call.
 */
const CONTEXT_TYPE = 'rpc';
const ENHANCERS = { guards: true, interceptors: true, filters: true };

/** Returns a function that calls the handler of a command. */
export function invokerOf(creator: HandlerCreator, command: FoundCommand): Invoke {
  const { wrapper, method } = command;
  const wrapped = new WeakMap<Handler, Handler>();
  const progressing = (handler: Handler): Handler => {
    let found = wrapped.get(handler);
    if (found === undefined) wrapped.set(handler, (found = withProgress(handler)));
    return found;
  };
  const handlerOf = (instance: object): Handler => progressing((instance as Instance)[method]!);
  const create = (instance: object, contextId?: ReturnType<typeof ContextIdFactory.create>) =>
    creator.create(
      ...([instance, handlerOf(instance), method, ROUTE_ARGS_METADATA, NO_PARAMETERS] as const),
      ...([contextId, contextId === undefined ? undefined : wrapper.id, ENHANCERS, CONTEXT_TYPE] as const),
    );
  if (wrapper.isDependencyTreeStatic()) {
    const instance = wrapper.instance as object;
    const { run, isEnhanced } = create(instance);
    const readers = isEnhanced ? null : parameterReadersOf(instance.constructor, method);
    if (readers !== null) return directly(instance, handlerOf(instance), readers);
    return (call) => run(call.data, call);
  }
  const moduleRef = moduleRefOf(wrapper);
  return async (call) => {
    const contextId = ContextIdFactory.create();
    moduleRef.registerRequestByContextId(call, contextId);
    const instance = await moduleRef.resolve<object>(wrapper.token as Type<object>, contextId);
    return create(instance, contextId).run(call.data, call);
  };
}

/** Calls a handler without enhancers. Nest would take ten promises for that. */
function directly(instance: object, handler: Handler, readers: readonly ParameterReader[]): Invoke {
  return (call) => {
    const values = readers.map((read) => read(call));
    return values.some(isThenable)
      ? Promise.all(values).then((settled) => handler.apply(instance, settled))
      : handler.apply(instance, values);
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
