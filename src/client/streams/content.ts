import type { StreamFrame, StreamInfo } from '../../protocol/streams.js';
import type { StreamGap, StreamPart, StreamState } from './types.js';
import { utf8Length, withoutBytes } from '../../protocol/utf8.js';

/** The content of a stream, built from frames. All positions are the server's: bytes in UTF-8. */
export interface Content {
  readonly text: string;
  readonly items: readonly unknown[];
  readonly gaps: readonly StreamGap[];
  readonly state: StreamState;
  readonly isEnding: boolean;
  readonly result: unknown;
  readonly reason: string | undefined;
  /** Position from which the client resumes. */
  readonly resume: { readonly at?: number; readonly id?: string };
  /** Handles the answer to a subscription. */
  joined(info: StreamInfo): void;
  /** @returns false if the frame overlaps with what is there, and cannot be cut: the client has to resume */
  take(frame: StreamFrame): boolean;
  /** Drops everything. */
  forget(): void;
}

const ENDED = /^(done|failed|cancelled)$/;

/** @param added called with each new part */
export function createContent(added: (part: StreamPart) => void): Content {
  let id: string | undefined;
  // Joined by `+=`: engines keep such a string as a tree of its parts until it is read.
  let text = '';
  let items: unknown[] = [];
  let gaps: StreamGap[] = [];
  let position = 0;
  let state: StreamState = 'loading';
  let result: unknown;
  let reason: string | undefined;
  let isRestarted = false;
  let isEnding = false;

  const become = (next: StreamState, about: { readonly result?: unknown; readonly reason?: string } = {}): void => {
    if (next !== 'open') isEnding = false;
    state = next;
    ({ result, reason } = about);
  };
  const begin = (next: string | undefined): void => {
    isRestarted ||= position > 0;
    id = next;
    text = '';
    items = [];
    gaps = [];
    position = 0;
    isEnding = false;
    become('open');
  };
  const append = (missed: number, more: string, values: readonly unknown[], next: number): void => {
    if (missed > 0) gaps = [...gaps, { index: text.length || items.length, bytes: missed }];
    text += more;
    for (const value of values) items.push(value);
    position = next;
    const restarted = isRestarted && ({ restarted: true } as const);
    isRestarted = false;
    added({ text: more, items: values, ...(missed > 0 && { missed }), ...restarted });
  };

  return {
    get text() {
      return text;
    },
    get items() {
      return items;
    },
    get gaps() {
      return gaps;
    },
    get state() {
      return state;
    },
    get isEnding() {
      return isEnding;
    },
    get result() {
      return result;
    },
    get reason() {
      return reason;
    },
    get resume() {
      return id === undefined ? {} : { at: position, id };
    },
    joined(info) {
      if (info.id === null) {
        // An ended stream that the server no longer has stays as it is.
        if (!ENDED.test(state)) become('none');
        return;
      }
      // A server that lost the last bytes of the stream sends it from the beginning.
      if (info.id !== id || info.next < position) begin(info.id);
      // The end of the stream comes after the rest of its content.
      if (info.next > position) {
        become('open');
        isEnding = info.state !== 'open';
      } else if (info.state !== state) become(info.state);
    },
    take(frame) {
      const { at, next, text: more = '', items: values = [] } = frame;
      if (frame.id !== undefined && frame.id !== id) begin(frame.id);
      if (next > position) {
        const rest = at < position ? restOf(more, values, position - at) : { more, values };
        if (!rest) return false;
        become('open');
        append(Math.max(0, at - position), rest.more, rest.values, next);
      }
      if (frame.state && next === position) become(frame.state, frame);
      return true;
    },
    forget() {
      begin(undefined);
      become('loading');
    },
  };
}

/** Removes the bytes that are known already. @returns `undefined` if they end inside of a character or a value */
function restOf(
  text: string,
  items: readonly unknown[],
  known: number,
): { readonly more: string; readonly values: readonly unknown[] } | undefined {
  let left = known;
  let index = 0;
  // A value is one line of JSON.
  for (; left > 0 && index < items.length; index += 1) left -= utf8Length(JSON.stringify(items[index])) + 1;
  const more = items.length > 0 ? '' : withoutBytes(text, left);
  if (more === undefined || (items.length > 0 && left !== 0)) return undefined;
  return { more, values: items.slice(index) };
}
