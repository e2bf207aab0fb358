/** The bytes of one stream, as its readers received them. */
export class StreamReference {
  private bytes = Buffer.alloc(0);
  private known = Buffer.alloc(0);

  /** Adds a part. @returns the first byte at which it differs from what another reader received; `null` if it does not */
  add(from: number, part: Buffer): number | null {
    this.grow(from + part.length);
    for (let index = 0; index < part.length; index += 1) {
      if (this.known[from + index] === 1 && this.bytes[from + index] !== part[index]) return from + index;
      this.bytes[from + index] = part[index]!;
      this.known[from + index] = 1;
    }
    return null;
  }

  /** Returns the stretches that readers received. */
  *ranges(): Generator<{ readonly from: number; readonly bytes: Buffer }> {
    for (let from = this.known.indexOf(1); from >= 0;) {
      const end = this.known.indexOf(0, from);
      const to = end < 0 ? this.known.length : end;
      yield { from, bytes: this.bytes.subarray(from, to) };
      from = this.known.indexOf(1, to);
    }
  }

  private grow(length: number): void {
    if (length <= this.known.length) return;
    const more = Buffer.alloc(length - this.known.length);
    this.bytes = Buffer.concat([this.bytes, more]);
    this.known = Buffer.concat([this.known, more]);
  }
}

const HEAD = Buffer.from('«');
const NAME = /^«(\d+)»/;
/** A half of a character at the end of a writer. */
const REPLACEMENT = Buffer.from('�');

/**
 * Checks that bytes are the beginnings of texts of writers, one after the other.
 * @param texts by writer
 * @returns a problem, or `null`
 */
export function textProblem(from: number, bytes: Buffer, texts: ReadonlyMap<number, Buffer>): string | null {
  let last = 0;
  for (let at = 0; at < bytes.length;) {
    const next = bytes.indexOf(HEAD, at + 1);
    const segment = bytes.subarray(at, next < 0 ? bytes.length : next);
    const name = NAME.exec(segment.toString('utf8', 0, 20))?.[1];
    const writer = Number(name);
    if (name === undefined) {
      // A reader that joined late, or did not receive a beginning that was dropped.
      const isPart = at === 0 && from > 0 && [...texts.values()].some((text) => text.includes(segment));
      if (!isPart) return `no writer wrote ${excerpt(segment)} at ${from + at}`;
    } else if (writer <= last) return `the writer ${writer} wrote at ${from + at}, after ${last}`;
    else if (!beginsWith(texts.get(writer), segment)) {
      return `the writer ${writer} did not write ${excerpt(segment)} at ${from + at}`;
    } else last = writer;
    at += segment.length;
  }
  return null;
}

function beginsWith(text: Buffer | undefined, segment: Buffer): boolean {
  if (text === undefined) return false;
  const isWhole = text.subarray(0, segment.length).equals(segment);
  if (isWhole || !segment.subarray(-REPLACEMENT.length).equals(REPLACEMENT)) return isWhole;
  const rest = segment.subarray(0, -REPLACEMENT.length);
  return text.subarray(0, rest.length).equals(rest);
}

function excerpt(bytes: Buffer): string {
  return `${JSON.stringify(bytes.toString('utf8', 0, 30))} … ${JSON.stringify(bytes.toString('utf8', bytes.length - 30))}`;
}
