import { formatPosition, type Position } from './position.js';

/**
 * The text of an `event` frame is composed once, in two parts: the body when the event is emitted (it is stored and sent
 * between instances as it is), the head when its number is known. `data` is serialised once in the life of an event.
 */

/** `"channel":…,"data":…,"timestamp":…}`: everything after the head. `dataJson` is `data` as JSON. */
export function eventBody(channel: string, dataJson: string, timestamp: string): string {
  return `"channel":${JSON.stringify(channel)},"data":${dataJson},"timestamp":"${timestamp}"}`;
}

/** Whether a text can be the body of an event of this channel; `data` is not looked into. */
export function isEventBody(channel: string, text: string): boolean {
  return text.startsWith(`"channel":${JSON.stringify(channel)},"data":`) && text.endsWith('"}');
}

/** The whole frame; without a position (a channel that keeps no history) it has no `id`. */
export function eventText(position: Position | null, body: string): string {
  return position === null ? `{"type":"event",${body}` : `{"type":"event","id":"${formatPosition(position)}",${body}`;
}
