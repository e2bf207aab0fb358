import type { Stop } from './types.js';

/**
 * Calls a listener. One that fails keeps the others from nothing, and its error is uncaught, as an EventTarget has it.
 * @returns where it is asynchronous, a promise that does not reject
 */
export function callListener<V>(listener: (value: V) => unknown, value: V): Promise<void> | undefined {
  try {
    const result = listener(value) as Promise<void> | undefined;
    if (typeof result?.then === 'function') return result.then(undefined, throwLater);
  } catch (error) {
    throwLater(error);
  }
  return undefined;
}

function throwLater(error: unknown): void {
  setTimeout(() => {
    throw error;
  });
}

/** Listeners by name. */
export interface Emitter<L extends { [N in keyof L]: (value: never) => unknown }> {
  readonly on: <N extends keyof L>(name: N, listener: L[N]) => Stop;
  /** @param whenDone is called when all listeners are done, asynchronous ones too */
  readonly emit: <N extends keyof L>(name: N, value: Parameters<L[N]>[0], whenDone?: () => void) => void;
}

export function createEmitter<L extends { [N in keyof L]: (value: never) => unknown }>(): Emitter<L> {
  const listeners: { [N in keyof L]?: Set<L[N]> } = {};
  return {
    on: (name, listener) => {
      // Wrapped, so that the same function may listen twice, and each `Stop` takes away its own.
      const own = ((value: never) => listener(value)) as typeof listener;
      const set = (listeners[name] ??= new Set());
      set.add(own);
      return () => void set.delete(own);
    },
    emit: (name, value, whenDone) => {
      const pending = [...(listeners[name] ?? [])].flatMap((listener) => callListener(listener, value) ?? []);
      if (whenDone) void Promise.all(pending).then(whenDone);
    },
  };
}
