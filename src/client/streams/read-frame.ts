import { STREAM_STATES, type StreamFrame, type StreamInfo } from '../../protocol/streams.js';

/** A frame of a server, which can be wrong. */
type Unchecked = Readonly<Record<string, unknown>>;

/** Returns the problem of a `stream` frame; `undefined` if it is valid. */
export function problemOfStream(frame: StreamFrame): string | undefined {
  const { id, at, next, text, items, state, reason } = frame as unknown as Unchecked;
  return (
    problemOfRange(at, next) ??
    (isMissingOr('string', id) ? undefined : 'id is not a string') ??
    (isMissingOr('string', text) ? undefined : 'text is not a string') ??
    (items === undefined || Array.isArray(items) ? undefined : 'items is not an array') ??
    (state === undefined || isState(state) ? undefined : 'state is unknown') ??
    (isMissingOr('string', reason) ? undefined : 'reason is not a string')
  );
}

/** Returns the problem of the `stream` of a `subscribed` frame; `undefined` if it is valid. */
export function problemOfInfo(info: StreamInfo): string | undefined {
  const { id, start, next, state } = (info ?? {}) as unknown as Unchecked;
  return (
    problemOfRange(start, next) ??
    (id === null || typeof id === 'string' ? undefined : 'id is not a string') ??
    (isState(state) ? undefined : 'state is unknown')
  );
}

function problemOfRange(from: unknown, to: unknown): string | undefined {
  return isPosition(from) && isPosition(to) && from <= to ? undefined : 'the positions are not a range of bytes';
}

function isPosition(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isState(value: unknown): boolean {
  return (STREAM_STATES as readonly unknown[]).includes(value);
}

function isMissingOr(type: 'string', value: unknown): boolean {
  return value === undefined || typeof value === type;
}
