import { microseconds } from '../clock.js';

const AT = /"at":(\d+)/g;
/** Maximum length of a timestamp field that a read can split. */
const TAIL = 32;

/** Finds the timestamps of events in the bytes that one client reads, and records their latency. */
export class Latencies {
  readonly all: number[] = [];
  private tail = '';

  /** Processes the next bytes. */
  readonly take = (bytes: Buffer): void => {
    const now = microseconds();
    const text = this.tail + bytes.toString('latin1');
    let end = 0;
    for (const match of text.matchAll(AT)) {
      end = match.index + match[0].length;
      // The number can continue in the next bytes.
      if (end === text.length) {
        end = match.index;
        break;
      }
      this.all.push(now - Number(match[1]));
    }
    this.tail = text.slice(Math.max(end, text.length - TAIL));
  };
}
