import { microseconds } from '../clock.js';

const AT = /"at":(\d+)/g;
/** The longest text that may be cut at the end of a read. */
const TAIL = 32;

/** Looks for the moments at which events were made in what one client reads, and keeps how long ago that was. */
export class Latencies {
  readonly all: number[] = [];
  private tail = '';

  /** Takes the next bytes that were read. */
  readonly take = (bytes: Buffer): void => {
    const now = microseconds();
    const text = this.tail + bytes.toString('latin1');
    let end = 0;
    for (const match of text.matchAll(AT)) {
      end = match.index + match[0].length;
      // The number may go on in what comes next.
      if (end === text.length) {
        end = match.index;
        break;
      }
      this.all.push(now - Number(match[1]));
    }
    this.tail = text.slice(Math.max(end, text.length - TAIL));
  };
}
