import type { Position } from '../../../src/protocol/position.js';
import type { ClientRecord } from '../log.js';
import { positionOf } from './ledger.js';
import type { Violation, ViolationClass } from './violations.js';

/** An event as a client received it. */
export interface Delivered {
  readonly position: Position;
  readonly key: string;
  readonly at: number;
}

/** A part of a channel that must reach a client without a gap. */
export interface Segment {
  readonly client: string;
  readonly channel: string;
  /** Start position that the server reported; events follow it. */
  readonly start: Position;
  readonly startedAt: number;
  readonly events: Delivered[];
  /** Time at which the client was notified of lost continuity; `null` if the segment lasts until the end of the run. */
  endedAt: number | null;
}

export interface SegmentWalk {
  readonly segments: Segment[];
  readonly violations: Violation[];
  /** client and channel → final position, as reported by the client */
  readonly ends: { readonly client: string; readonly channel: string; readonly lastEventId: string | null }[];
}

/** Processes the records of each client and channel, and checks every step. */
export function walkSegments(seen: readonly ClientRecord[]): SegmentWalk {
  const walk: SegmentWalk = { segments: [], violations: [], ends: [] };
  const walkers = new Map<string, Walker>();
  for (const record of seen) {
    const name = `${record.client} ${record.channel}`;
    let walker = walkers.get(name);
    if (walker === undefined) walkers.set(name, (walker = new Walker(walk)));
    walker.step(record);
  }
  return walk;
}

/** State of one client on one channel. */
class Walker {
  private segment: Segment | null = null;
  private position: Position | null = null;
  private subscribed = false;
  /** Ids received since the client last subscribed without a position. */
  private ids = new Set<string>();
  /** Epochs that the segment has left. */
  private left = new Set<string>();

  constructor(private readonly walk: SegmentWalk) {}

  step(record: ClientRecord): void {
    switch (record.kind) {
      case 'subscribed':
        return this.subscribe(record);
      case 'event':
        return this.take(record);
      case 'resync':
        if (!this.subscribed) this.violation('outside', record, `resync to ${record.lastEventId}`);
        return this.begin(record, record.lastEventId);
      case 'left':
        this.subscribed = false;
        return;
      case 'closed':
      case 'plain':
      case 'page':
        return;
      case 'end':
        this.walk.ends.push(record);
        return;
      case 'breach':
        return this.violation('breach', record, record.what);
    }
  }

  private subscribe(record: Extract<ClientRecord, { kind: 'subscribed' }>): void {
    this.subscribed = true;
    const { asked, recovered, lastEventId, reason } = record;
    if (reason === 'already_subscribed') return;
    if (lastEventId === undefined) return this.violation('breach', record, 'subscribed without lastEventId');
    if (asked === undefined) this.ids = new Set<string>();
    if (recovered !== true) return this.begin(record, lastEventId);
    // The segment continues, as if the client had never left.
    if (asked === undefined || lastEventId !== asked) {
      this.violation('breach', record, `recovered from ${lastEventId}, while ${asked} was asked for`);
    }
    if (this.segment === null) this.begin(record, lastEventId);
  }

  private begin(record: ClientRecord, id: string): void {
    const { client, channel, at } = record;
    this.position = positionOf(id);
    this.left = new Set<string>();
    if (this.segment !== null) this.segment.endedAt = at;
    this.segment = { client, channel, start: this.position, startedAt: at, events: [], endedAt: null };
    this.walk.segments.push(this.segment);
  }

  private take(record: Extract<ClientRecord, { kind: 'event' }>): void {
    const { id, key, at } = record;
    const position = positionOf(id);
    if (!this.subscribed || this.segment === null || this.position === null) {
      return this.violation('outside', record, id);
    }
    const last = this.position;
    if (this.ids.has(id)) {
      this.violation('duplicate', record, id);
      if (position.offset !== last.offset + 1) return; // otherwise the segment continues from there
    }
    this.ids.add(id);
    if (position.epoch !== last.epoch) this.left.add(last.epoch);
    if (position.offset <= last.offset || this.left.has(position.epoch)) {
      this.violation('stepBack', record, `${id} after ${last.epoch}-${last.offset}`);
    } else if (position.offset !== last.offset + 1) {
      this.violation('gap', record, `${id} after ${last.epoch}-${last.offset}`);
    }
    this.position = position;
    this.segment.events.push({ position, key, at });
  }

  private violation(kind: ViolationClass, { client, channel, at }: ClientRecord, detail: string): void {
    this.walk.violations.push({ class: kind, client, channel, detail, at });
  }
}
