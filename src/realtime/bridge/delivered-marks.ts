/** Marks that are kept: for as many events as frames are at hand. */
const MAX_MARKS = 64;

export type Comparison = 'same' | 'other' | 'unknown';

/**
 * Which events of one epoch a channel's stream has delivered, so that another event at a known offset is noticed. An event
 * that was read from the log is proven; of one that was handed out, the mark is kept for a while.
 */
export class DeliveredMarks {
  /** Of events that were handed out, one after the other; the last one is that of `last`. */
  private marks: number[] | null = null;
  private last = 0;
  /** Offsets beyond `provenAfter` and up to `provenUpTo` came from the log. */
  private provenAfter = -1;
  private provenUpTo = -1;

  /** Nothing was delivered yet: what comes up to this offset is known to come too late. */
  reset(offset: number): void {
    this.marks = null;
    this.provenAfter = -1;
    this.provenUpTo = offset;
  }

  /** An event was handed out, and delivered. Without a mark, only the broker can have handed it out. */
  add(offset: number, mark: number | undefined): void {
    if (mark === undefined) return this.prove(offset - 1, offset);
    const follows = offset === this.last + 1;
    this.last = offset;
    // Most channels have few events: an array of one takes no space for more.
    if (this.marks === null || !follows) this.marks = [mark];
    else if (this.marks.push(mark) > MAX_MARKS) this.marks.shift();
  }

  /** The log had what was delivered beyond an offset, up to another. It reads as far as anything was delivered. */
  prove(after: number, upTo: number): void {
    const isConnected = after >= this.provenAfter && after <= this.provenUpTo;
    if (!isConnected) this.provenAfter = after;
    this.provenUpTo = upTo;
  }

  isProven(offset: number): boolean {
    return offset > this.provenAfter && offset <= this.provenUpTo;
  }

  /** The last offset up to which the delivered events match the log. Later ones may be forged. */
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
