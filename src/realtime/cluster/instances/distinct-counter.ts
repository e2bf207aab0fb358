import { TopK } from '../../connections/top-k.js';

/**
 * Counts distinct users and topics across instances without sending all names: each instance keeps the 1,024 smallest
 * hashes (k minimum values). Fewer than 1,024 are counted exactly; above, the standard error is 3 %.
 *
 * Why not PFADD and PFCOUNT: they are never exact. Users leave, so each report would have to recreate its key, with one
 * argument per user (50,000 users: 15 ms of an instance and 7 ms of Redis, against 11 ms of an instance and 8 KB of its
 * report). And PFCOUNT over instances uses many keys, which a Cluster accepts only if they are in one slot.
 */
export const EXACT_UP_TO = 1_024;
const HASH_BYTES = 6;
const HASHES = 2 ** (8 * HASH_BYTES);

/** Number of names after which counting yields to the event loop. */
const STRIDE = 5_000;

/** Counts distinct names of one collection, or of several merged ones. */
export class DistinctCounter {
  private constructor(private readonly hashes: readonly number[]) {}

  /** Yields to the event loop in between. A name that is added or removed meanwhile may or may not be counted. */
  static async of(names: Iterable<string>): Promise<DistinctCounter> {
    const smallest = new TopK<number>(EXACT_UP_TO, ascending);
    let seen = 0;
    for (const name of names) {
      smallest.add(hash(name));
      seen += 1;
      if (seen % STRIDE === 0) await new Promise((resolve) => void setImmediate(resolve));
    }
    return new DistinctCounter(smallest.list());
  }

  /** @param text the result of `toString`; any other string counts as empty */
  static parse(text: string): DistinctCounter {
    const bytes = Buffer.from(text, 'base64');
    const hashes: number[] = [];
    for (let at = 0; at + HASH_BYTES <= bytes.length; at += HASH_BYTES) hashes.push(bytes.readUIntBE(at, HASH_BYTES));
    return new DistinctCounter(hashes);
  }

  static merge(all: readonly DistinctCounter[]): DistinctCounter {
    const smallest = new Set(all.flatMap(({ hashes }) => [...hashes]).toSorted(ascending));
    return new DistinctCounter([...smallest].slice(0, EXACT_UP_TO));
  }

  get count(): number {
    const { hashes } = this;
    if (hashes.length < EXACT_UP_TO) return hashes.length;
    return Math.round(((EXACT_UP_TO - 1) * HASHES) / hashes[EXACT_UP_TO - 1]!);
  }

  toString(): string {
    const bytes = Buffer.alloc(this.hashes.length * HASH_BYTES);
    for (const [index, value] of this.hashes.entries()) bytes.writeUIntBE(value, index * HASH_BYTES, HASH_BYTES);
    return bytes.toString('base64');
  }
}

function ascending(a: number, b: number): number {
  return a - b;
}

/** Returns 48 evenly distributed bits (the upper bits of cyrb53). Not suitable for security. */
function hash(text: string): number {
  let a = 0xdeadbeef;
  let b = 0x41c6ce57;
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    a = Math.imul(a ^ unit, 2_654_435_761);
    b = Math.imul(b ^ unit, 1_597_334_677);
  }
  a = Math.imul(a ^ (a >>> 16), 2_246_822_507) ^ Math.imul(b ^ (b >>> 13), 3_266_489_909);
  b = Math.imul(b ^ (b >>> 16), 2_246_822_507) ^ Math.imul(a ^ (a >>> 13), 3_266_489_909);
  return (b >>> 0) * 65_536 + (a >>> 16);
}
