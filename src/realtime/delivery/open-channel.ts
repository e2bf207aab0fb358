import type { RecoveryReason } from '../../protocol/index.js';
import type { ChannelStream } from './channel-stream.js';

/** The reply to a new subscription, and a function that starts delivery. */
export interface Attachment {
  readonly recovered?: boolean;
  readonly reason?: RecoveryReason;
  readonly lastEventId?: string;
  /** Number of events of a rewind. */
  readonly rewound?: number;
  /** True if the state of the channel follows. */
  readonly state?: true;
  /** Starts to send events. Call it after the client received the reply. */
  start(): void;
}

/** A channel that this instance has subscribed to. */
export interface OpenChannel {
  readonly stream: ChannelStream;
  readonly opening: Promise<void>;
  /** Number of subscriptions being created, which the registry does not contain yet. */
  joining: number;
  /** Time at which the channel is closed if it still has no subscriber. */
  closeAt: number;
  /** True for messages between instances, which are not events. */
  readonly isInternal?: boolean;
}
