import type { StreamEndState } from '../../protocol/index.js';
import { SharedFrame } from '../connections/shared-frame.js';

/** A part of a stream that is sent to clients. */
export interface StreamPart {
  readonly at: number;
  readonly next: number;
  readonly text: string;
}

/** The end of a stream, as it is stored. */
export interface StreamEnding {
  readonly state: StreamEndState;
  /** A JSON object with `result` or `reason`. */
  readonly json: string;
}

/**
 * The frames of a part, or of the end, or of both: with the id of its stream for readers that do not know it, and without. Each is built
 * once.
 */
export class PartFrames {
  private plain: SharedFrame | null = null;
  private named: SharedFrame | null = null;

  constructor(
    private readonly channel: string,
    readonly id: string,
    private readonly lines: boolean,
    readonly part: StreamPart,
    /** Present if the stream ends with this part. */
    readonly end: StreamEnding | null = null,
  ) {}

  /** @param withId true for a reader that does not know the id */
  frame(withId: boolean): SharedFrame {
    const { channel, lines, part, end } = this;
    if (withId) return (this.named ??= new SharedFrame(streamFrame(channel, this.id, part, lines, end)));
    return (this.plain ??= new SharedFrame(streamFrame(channel, null, part, lines, end)));
  }
}

/** Composes a `stream` frame. @param id `null` to leave it out */
export function streamFrame(
  channel: string,
  id: string | null,
  { at, next, text }: StreamPart,
  lines: boolean,
  end: StreamEnding | null = null,
): string {
  const named = id === null ? '' : `"id":${JSON.stringify(id)},`;
  const content = text === '' ? '' : lines ? `,"items":[${itemsOf(text)}]` : `,"text":${JSON.stringify(text)}`;
  return `{"type":"stream","channel":${JSON.stringify(channel)},${named}"at":${at},"next":${next}${content}${endOf(end)}}`;
}

function endOf(end: StreamEnding | null): string {
  if (end === null) return '';
  const fields = end.json.slice(1, -1);
  return `,"state":"${end.state}"${fields === '' ? '' : ','}${fields}`;
}

/** Each line is JSON, and ends with a line feed. */
function itemsOf(text: string): string {
  return text.slice(0, -1).replaceAll('\n', ',');
}
