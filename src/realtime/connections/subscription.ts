import { NO_GROUPS, type View } from '../channels/fields/field-groups.js';
import { NO_GRANTS, type FieldGrants } from '../channels/fields/granted-fields.js';
import type { Principal } from '../auth/principal.js';
import type { EventFrame, Recipient } from './event-frame.js';
import type { CloseName, Position, Unstamped } from '../../protocol/index.js';
import type { SendBuffer } from './send-buffer.js';

/** Receives the events of a subscription while it catches up. A live subscription has `null` as its {@link Subscription.feed}. */
export interface Feed {
  push(frame: EventFrame): void;
  /** Continuity was lost for all subscribers of this channel. */
  reset(): void;
  /** Releases the memory of this feed after another one replaced it. */
  end?(): void;
  /** Returns the feed that replaces this one while a decision is awaited. @default one that keeps only the position */
  pause?(): PausedFeed;
  /** Position of the last event that the client has; `null` without history. */
  readonly position: Position | null;
}

/** The feed of a subscription that has ended. It discards all events. */
export const CLOSED_FEED: Feed = { push: () => undefined, reset: () => undefined, position: null };

/** The feed of a subscription that waits for a decision. It keeps no events, only the position to continue from. */
export class PausedFeed implements Feed {
  /** True if an event arrived or continuity was lost meanwhile. */
  missed = false;

  constructor(readonly position: Position | null) {}

  push(): void {
    this.missed = true;
  }

  reset(): void {
    this.missed = true;
  }

  /** Makes the feed that it replaced the feed of the subscription again. @returns false if that is not possible */
  continue(): boolean {
    return false;
  }
}

/** The part of a connection that its subscriptions use. */
export interface Subscriber extends Recipient {
  readonly sendBuffer: SendBuffer;
  readonly subscriptions: Map<string, Subscription>;
  /** The principal, with its tenant. */
  readonly principal?: { readonly tenant: string | null } | null;
  /** True if the connection is closed or closing. */
  readonly closing?: boolean;
  send(frame: Unstamped): void;
  /** Sends a reply whose bytes were created once for several clients. */
  answer(frame: Buffer): void;
  /** Closes the connection. Its client reconnects and resumes. */
  close?(why: CloseName): void;
}

/** The subscription of a connection to a channel. */
export class Subscription {
  private currentFeed: Feed | null = null;
  /** The fields that a policy granted in addition to those of the role. */
  granted: FieldGrants = NO_GRANTS;
  /** The principal that was authorized; `undefined` until the first decision. */
  decidedFor: Principal | null | undefined = undefined;
  /** The view of restricted fields that it receives. */
  view: View = NO_GROUPS;
  /** True if it receives the state of the channel, and not only its patches. */
  state = false;
  /** True from the time at which the client needs the state until it was sent. */
  stateDue = false;

  /** @param topic the internal key of the channel: its name within the tenant */
  constructor(
    readonly connection: Subscriber,
    readonly channel: string,
    readonly topic: string = channel,
  ) {}

  /** Receives the events during a catch-up; `null` if they go directly to the socket. */
  get feed(): Feed | null {
    return this.currentFeed;
  }

  set feed(feed: Feed | null) {
    const before = this.currentFeed;
    this.currentFeed = feed;
    before?.end?.();
  }

  /** True if nothing of the channel is sent until a policy decides. */
  get isPaused(): boolean {
    return this.feed instanceof PausedFeed;
  }
}
