import type { Backend } from './backend.js';

/** No Redis: for a single instance. */
export class MemoryBackend implements Backend {
  readonly lines = [];

  env(): Readonly<Record<string, string>> {
    return {};
  }

  async stop(): Promise<void> {}
}
