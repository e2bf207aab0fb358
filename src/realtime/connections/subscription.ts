import { NO_GROUPS, type View } from '../fields/field-groups.js';
import { NO_GRANTS, type FieldGrants } from '../fields/granted-fields.js';
import type { Principal } from '../auth/principal.js';
import type { EventFrame } from './event-frame.js';
import type { CloseName, Position, Unstamped } from '../../protocol/index.js';
import type { SendBuffer } from './send-buffer.js';

/** Takes a subscription's events in while it catches up; `null` in {@link Subscription.feed} means that it is live. */
export interface Feed {
  push(frame: EventFrame): void;
  /** Continuity was lost for everyone on this channel. */
  reset(): void;
  /** Another feed took its place: it releases what it holds. */
  end?(): void;
  /** Up to where the client has the events; `null` without history. */
  readonly position: Position | null;
}

/** The feed of a subscription that has ended: takes everything and keeps nothing. */
export const CLOSED_FEED: Feed = { push: () => undefined, reset: () => undefined, position: null };

/** The feed of a subscription that waits for a decision. It keeps no event, only the position to go on from. */
export class PausedFeed implements Feed {
  /** An event came meanwhile, or continuity was lost. */
  missed = false;

  constructor(readonly position: Position | null) {}

  push(): void {
    this.missed = true;
  }

  reset(): void {
    this.missed = true;
  }
}

/** The side of a connection that its subscriptions use. */
export interface Subscriber {
  readonly sendBuffer: SendBuffer;
  readonly subscriptions: Map<string, Subscription>;
  /** The principal, with its tenant. */
  readonly principal?: { readonly tenant: string | null } | null;
  /** Its line is gone, or goes now. */
  readonly closing?: boolean;
  send(frame: Unstamped): void;
  /** Sends an answer whose bytes were made before, for several clients. */
  answer(frame: Buffer): void;
  /** Ends the connection: its client reconnects and resumes. */
  close?(why: CloseName): void;
}

/** One channel of one connection. */
export class Subscription {
  private currentFeed: Feed | null = null;
  /** The fields that a policy granted in addition to those of the role. */
  granted: FieldGrants = NO_GRANTS;
  /** The principal that was authorized; `undefined` until the first decision. */
  decidedFor: Principal | null | undefined = undefined;
  /** The view of restricted fields that it receives. */
  view: View = NO_GROUPS;

  /** @param topic the internal key of the channel: its name within the tenant */
  constructor(
    readonly connection: Subscriber,
    readonly channel: string,
    readonly topic: string = channel,
  ) {}

  /** While it catches up, events go here instead of to the socket. */
  get feed(): Feed | null {
    return this.currentFeed;
  }

  set feed(feed: Feed | null) {
    const before = this.currentFeed;
    this.currentFeed = feed;
    before?.end?.();
  }

  /** Nothing of the channel is sent before a policy decides. */
  get isPaused(): boolean {
    return this.feed instanceof PausedFeed;
  }
}
