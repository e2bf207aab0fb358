import type { Stop } from './types.js';

/**
 * Calls a listener. A listener that throws does not prevent the others from being called; its error is uncaught, as
 * with an EventTarget.
 * @returns a promise that never rejects for an asynchronous listener, otherwise `undefined`
 */
export function callListener<V>(listener: (value: V) => unknown, value: V): Promise<void> | undefined {
  try {
    const result = listener(value) as Promise<void> | undefined;
    // A promise of another library can have a `then` that returns no promise.
    if (typeof result?.then === 'function') return Promise.resolve(result).then(undefined, throwLater);
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

/** Queues a call of listeners, so that they are called in order even if one of them causes more calls. */
export type Sequence = (call: () => void) => void;

/** Makes a change now, and calls the listeners once it is complete. */
export type Batch = (change: () => void) => void;

export function createSequence(): [Sequence, Batch] {
  const waiting: (() => void)[] = [];
  let isBusy = false;
  const batch: Batch = (change) => {
    if (isBusy) return change();
    isBusy = true;
    try {
      change();
    } finally {
      for (let next = waiting.shift(); next; next = waiting.shift()) next();
      isBusy = false;
    }
  };
  return [(call) => batch(() => void waiting.push(call)), batch];
}

/** Listeners by name. */
export interface Emitter<L extends { [N in keyof L]: (value: never) => unknown }> {
  /** Adds a listener. One that is added during an emit receives the next value. */
  readonly on: <N extends keyof L>(name: N, listener: L[N]) => Stop;
  /** @param whenDone called when all listeners are done, including asynchronous ones */
  readonly emit: <N extends keyof L>(name: N, value: Parameters<L[N]>[0], whenDone?: () => void) => void;
}

/** Builds `once` from `on`. An asynchronous listener is removed when it is done, because `lastEventId` waits for it. */
export function onceOf(on: (name: never, listener: never) => Stop) {
  return (name: unknown, listener: (value: unknown) => unknown): Stop => {
    let isCalled = false;
    const stop = on(
      name as never,
      ((value: unknown) => {
        if (isCalled) return undefined;
        isCalled = true;
        const pending = callListener(listener, value);
        if (!pending) stop();
        return pending?.then(stop);
      }) as never,
    );
    return stop;
  };
}

/** @param inSequence keeps values in order if a listener emits another; emitters that share it have a common order */
export function createEmitter<L extends { [N in keyof L]: (value: never) => unknown }>(
  inSequence: Sequence,
): Emitter<L> {
  const listeners: { [N in keyof L]?: Set<L[N]> } = {};
  const on: Emitter<L>['on'] = (name, listener) => {
    // Wrapped, so that the same function can be added twice, and each `Stop` removes one.
    const wrapped = ((value: never) => listener(value)) as typeof listener;
    const set = (listeners[name] ??= new Set());
    set.add(wrapped);
    return () => void set.delete(wrapped);
  };
  return {
    on,
    emit: (name, value, whenDone) =>
      inSequence(() => {
        const set = listeners[name];
        const pending = [...(set ?? [])].flatMap(
          (listener) => (set!.has(listener) && callListener(listener, value)) || [],
        );
        if (whenDone) void Promise.all(pending).then(whenDone);
      }),
  };
}
