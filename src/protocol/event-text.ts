import { formatPosition, type Position } from './position.js';

/**
 * The text of an `event` frame has two parts, each composed once. The body is composed when the event is emitted; it is
 * stored and sent between instances unchanged. The head is composed when the position is known. So `data` is serialised
 * once in the life of an event.
 */

/**
 * The body of an event: `"channel":…,"data":…,"timestamp":…}`, with `"cause":…` before the timestamp if it has one.
 * @param dataJson `data` as JSON
 * @param limited true if the data has restricted fields. A space before the data marks this; a JSON parser ignores it.
 * @param cause id of the call that caused it, which {@link isCallId} accepts
 */
export function eventBody(
  channel: string,
  dataJson: string,
  timestamp: string,
  limited = false,
  cause?: string,
): string {
  const blank = limited ? ' ' : '';
  const causedBy = cause === undefined ? '' : `,"cause":"${cause}"`;
  return `"channel":${JSON.stringify(channel)},"data":${blank}${dataJson}${causedBy},"timestamp":"${timestamp}"}`;
}

/** Text before the data of a body. It is unambiguous, because a channel name has neither quotes nor commas. */
const BEFORE_DATA = ',"data":';

/** Returns true if the event was emitted with restricted fields. */
export function isLimitedBody(body: string): boolean {
  return body[body.indexOf(BEFORE_DATA) + BEFORE_DATA.length] === ' ';
}

/** Replaces the data of an event with `null`. */
export function withoutData(body: string): string {
  return withData(body, 'null');
}

/** Replaces the data of an event with other JSON. */
export function withData(body: string, dataJson: string): string {
  const before = body.slice(0, body.indexOf(BEFORE_DATA) + BEFORE_DATA.length);
  return `${before}${dataJson}${body.slice(body.lastIndexOf(',"timestamp":'))}`;
}

/** End of every body. */
const END = /^,"timestamp":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"\}$/;
const END_LENGTH = ',"timestamp":"2026-01-01T12:00:00.000Z"}'.length;

/** Returns true if a string looks like the body of an event of this channel. `data` is not checked. */
export function isEventBody(channel: string, text: string): boolean {
  return text.startsWith(`"channel":${JSON.stringify(channel)},"data":`) && END.test(text.slice(-END_LENGTH));
}

/** Joins head and body to a frame. Without a position (a channel without history) the frame has no `id`. */
export function eventText(position: Position | null, body: string): string {
  return position === null ? `{"type":"event",${body}` : `{"type":"event","id":"${formatPosition(position)}",${body}`;
}
