import type { StateFrame, StatePartFrame } from '../../protocol/live.js';
import { RealtimeError } from '../errors.js';

/** A state from the server, and the id of the last event that it contains. */
export interface ReceivedState {
  readonly id: string;
  readonly data: unknown;
}

/** Reads the state frames of a channel. A large state comes in several parts. */
export class StateReader {
  #id = '';
  #parts = 0;
  #texts: string[] = [];

  /** Forgets the parts of an incomplete state. */
  clear(): void {
    this.#texts = [];
  }

  /** @returns the state; `undefined` until its last part @throws RealtimeError `invalid_frame` */
  read(frame: StateFrame | StatePartFrame): ReceivedState | undefined {
    const { id, channel } = frame;
    const bad = (problem: string): never => {
      this.clear();
      throw new RealtimeError('invalid_frame', `state: ${problem}`, { channel });
    };
    if (typeof id !== 'string') return bad('the id is missing');
    if (!('part' in frame)) {
      this.clear();
      return frame.data === undefined ? bad('the data is missing') : { id, data: frame.data };
    }
    const { part, parts, text } = frame;
    if (part === 1) {
      this.#texts = [];
      this.#id = id;
      this.#parts = parts;
    }
    const isNext = part === this.#texts.length + 1 && id === this.#id && parts === this.#parts && part <= parts;
    if (!isNext || typeof text !== 'string') return bad(`part ${part} of ${parts} does not continue the state`);
    this.#texts.push(text);
    if (part < parts) return undefined;
    const json = this.#texts.join('');
    this.clear();
    try {
      return { id, data: JSON.parse(json) as unknown };
    } catch {
      return bad('its parts are not JSON');
    }
  }
}
