import type { Stop } from './types.js';

/** Listeners by name. One that throws is told about, and keeps the others from nothing. */
export class Emitter<L extends { [N in keyof L]: (value: never) => unknown }> {
  readonly #listeners: { [N in keyof L]?: Set<L[N]> } = {};

  constructor(private readonly failed: (error: unknown) => void) {}

  on<N extends keyof L>(name: N, listener: L[N]): Stop {
    // Wrapped, so that the same function may listen twice, and each `Stop` takes away its own.
    const own = ((value: never) => listener(value)) as L[N];
    const set = (this.#listeners[name] ??= new Set());
    set.add(own);
    return () => void set.delete(own);
  }

  has(name: keyof L): boolean {
    return (this.#listeners[name]?.size ?? 0) > 0;
  }

  emit<N extends keyof L>(name: N, value: Parameters<L[N]>[0]): void {
    for (const listener of [...(this.#listeners[name] ?? [])]) {
      try {
        listener(value);
      } catch (error) {
        this.failed(error);
      }
    }
  }
}
