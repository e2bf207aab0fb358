import { NO_GROUPS, type View } from '../fields/field-groups.js';
import { NO_GRANTS, type FieldGrants } from '../fields/granted-fields.js';
import type { EventFrame } from './event-frame.js';
import type { CloseName, Unstamped } from '../../protocol/index.js';
import type { Outbox } from './outbox.js';

/** Takes a subscription's events in while it catches up; `null` in {@link Subscription.feed} means that it is live. */
export interface Feed {
  push(frame: EventFrame): void;
  /** Continuity was lost for everyone on this channel. */
  reset(): void;
}

/** The feed of a subscription that has ended: takes everything and keeps nothing. */
export const ENDED: Feed = { push: () => undefined, reset: () => undefined };

/** The side of a connection that its subscriptions use. */
export interface Subscriber {
  readonly outbox: Outbox;
  readonly subscriptions: Map<string, Subscription>;
  /** Who it is, and in which tenant. */
  readonly principal?: { readonly tenant: string | null } | null;
  /** Its line is gone, or goes now. */
  readonly closing?: boolean;
  send(frame: Unstamped): void;
  /** Ends the connection: its client reconnects and resumes. */
  close?(why: CloseName): void;
}

/** One channel of one connection. */
export class Subscription {
  /** While it catches up, events go here instead of to the socket. */
  feed: Feed | null = null;
  /** What a policy granted it beside what its role has. */
  granted: FieldGrants = NO_GRANTS;
  /** Which fields it gets, on a channel where not all are for everybody. */
  view: View = NO_GROUPS;

  /** @param topic the channel's name inside the house, by which its events are kept and carried */
  constructor(
    readonly connection: Subscriber,
    readonly channel: string,
    readonly topic: string = channel,
  ) {}
}
