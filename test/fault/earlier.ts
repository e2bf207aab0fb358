import type { ServerFrame } from '../../src/protocol/frames.js';
import { parsePosition } from '../../src/protocol/position.js';
import type { Random } from '../support/random.js';
import type { PageRecord } from './log.js';

const MAX_LAST = 40;
const LIMIT = 25;
/** Errors of a `history` request while its server cannot answer, or after too many requests. */
const NOT_NOW: readonly string[] = ['unavailable', 'rate_limited'];

type Answer = Extract<ServerFrame, { type: 'history' | 'error' }>;

/** The requests of one client for earlier events: rewinds at `subscribe`, and pages of a history. */
export class Earlier {
  private requests = 0;
  private readonly asked = new Map<string, Pick<PageRecord, 'channel' | 'askedAt' | 'before'>>();

  constructor(private readonly random: Random) {}

  /** Returns where a subscription begins. Sometimes a client has lost its position; every second time it rewinds. */
  beginning(position: string | null, mayForget: boolean): { readonly lastEventId?: string; readonly last?: number } {
    if (mayForget && this.random.chance(0.1)) {
      return this.random.chance(0.5) ? { last: Math.round(this.random.between(1, MAX_LAST)) } : {};
    }
    return position === null ? {} : { lastEventId: position };
  }

  /** Creates a request for a page: before the position of the client, or the last one. */
  request(channel: string, position: string | null): object {
    this.requests += 1;
    const ref = `page-${this.requests}`;
    const before = position !== null && this.random.chance(0.7) ? { before: position } : {};
    this.asked.set(ref, { channel, askedAt: performance.now(), ...before });
    return { type: 'history', channel, limit: LIMIT, ref, ...before };
  }

  /** Returns the record of an answer; `null` if the server could not answer, a string if the answer is invalid. */
  take(frame: Answer): Omit<PageRecord, 'at' | 'client'> | string | null {
    const asked = this.asked.get(frame.ref ?? '');
    this.asked.delete(frame.ref ?? '');
    if (asked === undefined) return `an answer that was not asked for: ${frame.ref}`;
    if (frame.type === 'error') return NOT_NOW.includes(frame.code) ? null : JSON.stringify(frame);
    const events = frame.events.flatMap(({ id, data }) => {
      const key = (data as { readonly key?: unknown } | null)?.key;
      return id !== undefined && parsePosition(id) !== null && typeof key === 'string' ? [{ id, key }] : [];
    });
    const isValid = frame.channel === asked.channel && events.length === frame.events.length && events.length <= LIMIT;
    if (!isValid) return JSON.stringify(frame).slice(0, 500);
    return { kind: 'page', ...asked, events, more: frame.more, ...(frame.reason && { reason: frame.reason }) };
  }

  /** Forgets the requests of a connection that ended. */
  clear(): void {
    this.asked.clear();
  }
}

/** Returns the answer to a request for a page; `null` for any other frame. */
export function pageAnswer(frame: ServerFrame): Answer | null {
  if (frame.type !== 'history' && frame.type !== 'error') return null;
  return frame.ref?.startsWith('page-') === true ? frame : null;
}
