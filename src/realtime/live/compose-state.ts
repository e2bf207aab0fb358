import { formatPosition, type Position } from '../../protocol/index.js';
import type { View } from '../channels/fields/field-groups.js';
import type { StateFields } from '../channels/fields/state-fields.js';
import type { ChannelState } from '../delivery/state-source.js';
import { isoNow } from '../timing/iso-now.js';

/** Maximum size of the text of a part, in bytes of UTF-8. A smaller state is one frame. */
export const PART_BYTES = 65_536;

/** The state of a channel at a position. */
export interface Snapshot {
  readonly position: Position;
  /** Parsed JSON. It must not be changed. */
  readonly data: unknown;
  /** Time of the load, in milliseconds since 1970. */
  readonly loadedAt: number;
  /** Id of the load. */
  readonly by: string;
}

/** Composes the frames of a snapshot, once for each view. */
export class ComposedState implements ChannelState {
  private readonly frames = new Map<string, readonly Buffer[]>();

  constructor(
    private readonly channel: string,
    readonly snapshot: Snapshot,
    private readonly fields: StateFields,
  ) {}

  get position(): Position {
    return this.snapshot.position;
  }

  framesFor(view: View): readonly Buffer[] {
    const { fields, frames } = this;
    const key = fields.isWhole(view) ? '' : view.shared;
    let composed = frames.get(key);
    if (composed === undefined) {
      const json = JSON.stringify(fields.cut(this.snapshot.data, view));
      frames.set(key, (composed = stateFrames(this.channel, this.position, json)));
    }
    return composed;
  }
}

/** Returns the frames of a state: one, or several parts. */
export function stateFrames(channel: string, position: Position, json: string): readonly Buffer[] {
  const head = `{"type":"state","channel":${JSON.stringify(channel)},"id":"${formatPosition(position)}"`;
  const end = `,"timestamp":"${isoNow()}"}`;
  const bytes = Buffer.from(json);
  if (bytes.length <= PART_BYTES) return [Buffer.from(`${head},"data":${json}${end}`)];
  const texts = [...textsOf(bytes)];
  return texts.map((text, index) =>
    Buffer.from(`${head},"part":${index + 1},"parts":${texts.length},"text":${JSON.stringify(text)}${end}`),
  );
}

/** Cuts UTF-8 between characters. */
function* textsOf(bytes: Buffer): Iterable<string> {
  for (let from = 0; from < bytes.length;) {
    let to = Math.min(bytes.length, from + PART_BYTES);
    while (to < bytes.length && (bytes[to]! & 0xc0) === 0x80) to -= 1;
    yield bytes.toString('utf8', from, to);
    from = to;
  }
}
