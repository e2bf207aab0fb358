import type { ChannelChange, StateChange } from '../client/index.js';

/** State of the connection before the first use, and in server rendering. */
export const IDLE: StateChange = { state: 'idle', previous: 'idle', code: 'close', reason: 'not connected yet' };

/** State of a channel before it has a subscriber, and in server rendering. */
export const UNSUBSCRIBED: ChannelChange = {
  state: 'unsubscribed',
  previous: 'unsubscribed',
  code: 'unsubscribe',
  reason: 'no subscription yet',
};
