/** Number of marks that are kept: the same as the number of cached frames. */
const MAX_MARKS = 64;

export type Comparison = 'same' | 'other' | 'unknown';

/**
 * Remembers which events of one epoch a stream has delivered, to detect a different event with the same offset. An event that was
 * read from the log is proven. For an event that was received live, the mark is kept until 64 later events were delivered.
 */
export class DeliveredMarks {
  /** Marks of consecutive live events; the last one belongs to the offset `last`. */
  private marks: number[] | null = null;
  private last = 0;
  /** Offsets after `provenAfter` and up to `provenUpTo` were read from the log. */
  private provenAfter = -1;
  private provenUpTo = -1;

  /** Starts over. Events up to this offset count as proven: if they arrive now, they are late. */
  reset(offset: number): void {
    this.marks = null;
    this.provenAfter = -1;
    this.provenUpTo = offset;
  }

  /** Adds a delivered live event. An event without a mark can only come from the broker itself, so it is proven. */
  add(offset: number, mark: number | undefined): void {
    if (mark === undefined) return this.prove(offset - 1, offset);
    const follows = offset === this.last + 1;
    this.last = offset;
    // Most channels have few events, and an array of one element reserves no space for more.
    if (this.marks === null || !follows) this.marks = [mark];
    else if (this.marks.push(mark) > MAX_MARKS) this.marks.shift();
  }

  /** Marks the delivered events after one offset, up to another, as proven. A read always extends to the last delivered event. */
  prove(after: number, upTo: number): void {
    const isConnected = after >= this.provenAfter && after <= this.provenUpTo;
    if (!isConnected) this.provenAfter = after;
    this.provenUpTo = upTo;
  }

  isProven(offset: number): boolean {
    return offset > this.provenAfter && offset <= this.provenUpTo;
  }

  /** Last offset up to which the delivered events match the log. Later ones may be forged. */
  get provenTo(): number {
    return this.provenUpTo;
  }

  compare(offset: number, mark: number | undefined): Comparison {
    if (mark === undefined || this.isProven(offset)) return 'same';
    const known = this.marks?.at(offset <= this.last ? offset - this.last - 1 : Infinity);
    if (known === undefined) return 'unknown';
    return known === mark ? 'same' : 'other';
  }
}
