import type { RealtimeEvent, Reset } from '../client/index.js';
import { printable } from './printable.js';

/** Returns the line of an event: time, channel, id and data, or the frame as JSON. */
export function eventLine({ channel, data, id, timestamp }: RealtimeEvent, isJson: boolean): string {
  const text = isJson
    ? JSON.stringify({ type: 'event', channel, id, timestamp, data })
    : `${timestamp} ${channel} ${id ?? '-'} ${JSON.stringify(data)}`;
  return `${printable(text)}\n`;
}

/** Returns the line of a `resync`, as JSON: the reader of the frames must load its state again. */
export function resetLine({ channel, reason, lastEventId }: Reset): string {
  return `${printable(JSON.stringify({ type: 'resync', channel, reason, lastEventId }))}\n`;
}
