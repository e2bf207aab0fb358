/** Random choices that a seed makes reproducible. */
export class Random {
  private state: number;

  constructor(seed: number | string) {
    // FNV-1a: similar seeds get very different states.
    let hash = 0x811c9dc5;
    for (const character of String(seed)) hash = Math.imul(hash ^ character.codePointAt(0)!, 0x01000193);
    this.state = hash >>> 0;
  }

  /** Returns a number from 0 (inclusive) to 1 (exclusive), with mulberry32. */
  readonly next = (): number => {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.state ^ (this.state >>> 15), this.state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };

  between(from: number, to: number): number {
    return from + this.next() * (to - from);
  }

  /** Returns true with this probability (0 to 1). */
  chance(probability: number): boolean {
    return this.next() < probability;
  }

  pick<T>(choices: readonly T[]): T {
    if (choices.length === 0) throw new Error('There is nothing to pick from');
    return choices[Math.floor(this.next() * choices.length)] as T;
  }

  /** Returns an independent generator: draws from one do not change the other. */
  fork(name: string): Random {
    return new Random(`${name} ${this.next()}`);
  }
}
