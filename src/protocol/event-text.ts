import { formatPosition, type Position } from './position.js';

/**
 * The text of an `event` frame is composed once, in two parts: the body when the event is emitted (it is stored and sent
 * between instances as it is), the head when its number is known. `data` is serialised once in the life of an event.
 */

/**
 * `"channel":…,"data":…,"timestamp":…}`: everything after the head. `dataJson` is `data` as JSON.
 * @param limited not everybody may have all of the data: a blank before it says so, which changes nothing in what is parsed
 */
export function eventBody(channel: string, dataJson: string, timestamp: string, limited = false): string {
  const blank = limited ? ' ' : '';
  return `"channel":${JSON.stringify(channel)},"data":${blank}${dataJson},"timestamp":"${timestamp}"}`;
}

/** What comes before the data of a body: the name of a channel has neither quotes nor commas. */
const BEFORE_DATA = ',"data":';

/** Whether not everybody may have all of an event's data, as who emitted it knew. */
export function isLimitedBody(body: string): boolean {
  return body[body.indexOf(BEFORE_DATA) + BEFORE_DATA.length] === ' ';
}

/** The same event with `null` for its data. */
export function withoutData(body: string): string {
  const before = body.slice(0, body.indexOf(BEFORE_DATA) + BEFORE_DATA.length);
  return `${before}null${body.slice(body.lastIndexOf(',"timestamp":'))}`;
}

/** How a body ends. */
const END = /^,"timestamp":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"\}$/;
const END_LENGTH = ',"timestamp":"2026-01-01T12:00:00.000Z"}'.length;

/** Returns true if a text can be the body of an event of this channel; `data` is not looked into. */
export function isEventBody(channel: string, text: string): boolean {
  return text.startsWith(`"channel":${JSON.stringify(channel)},"data":`) && END.test(text.slice(-END_LENGTH));
}

/** The whole frame; without a position (a channel that keeps no history) it has no `id`. */
export function eventText(position: Position | null, body: string): string {
  return position === null ? `{"type":"event",${body}` : `{"type":"event","id":"${formatPosition(position)}",${body}`;
}
