import type { Stop } from '../client/index.js';

/** Runs one effect per name. An effect keeps running while its name is listed. */
export class NamedEffects {
  private readonly running = new Map<string, Stop>();

  /** @param begin starts the effect of a name, and returns a function that ends it */
  constructor(private readonly begin: (name: string) => Stop) {}

  /** Begins the effects of new names, then ends those of names that are not listed. */
  run(names: Iterable<string>): void {
    const wanted = new Set(names);
    for (const name of wanted) if (!this.running.has(name)) this.running.set(name, this.begin(name));
    for (const [name, stop] of this.running) {
      if (wanted.has(name)) continue;
      this.running.delete(name);
      stop();
    }
  }
}
