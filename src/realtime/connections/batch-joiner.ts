import { EventBatch } from './event-frame.js';

/** Larger batches are written one by one, because a joined copy is private to connections with the same channels. */
const MAX_JOINED_BYTES = 65_536;

/** The events of several channels, written at once. */
class JoinedBatch extends EventBatch {
  constructor(private readonly batches: readonly EventBatch[]) {
    super(batches.flatMap(({ frames }) => frames));
  }

  override get parts(): readonly EventBatch[] {
    return this.batches;
  }

  override countDelivered(): void {
    for (const part of this.batches) part.countDelivered(part.frames.length);
  }
}

/**
 * Joins the batches of several channels that one connection receives in a turn. Many connections have the same channels
 * and are served one after the other, so the last result is cached.
 */
export class BatchJoiner {
  private parts: readonly EventBatch[] = [];
  private joined: readonly EventBatch[] = [];

  /** Returns the batches to write, in order. */
  join(parts: readonly EventBatch[]): readonly EventBatch[] {
    if (!isSame(parts, this.parts)) {
      this.parts = parts;
      const bytes = parts.reduce((sum, { frames }) => frames.reduce((all, { wire }) => all + wire.length, sum), 0);
      this.joined = bytes > MAX_JOINED_BYTES ? parts : [new JoinedBatch(parts)];
    }
    return this.joined;
  }
}

function isSame(some: readonly EventBatch[], others: readonly EventBatch[]): boolean {
  return some.length === others.length && some.every((batch, index) => batch === others[index]);
}
