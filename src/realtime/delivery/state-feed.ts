import { formatPosition, type Position } from '../../protocol/index.js';
import type { Waiter } from '../connections/send-buffer.js';
import { CLOSED_FEED, type Feed, type Subscription } from '../connections/subscription.js';
import { runSafely } from '../observability/run-safely.js';
import type { ChannelState, StateSource } from './state-source.js';

/**
 * Sends the state of a channel to one subscription. Events that arrive meanwhile are dropped: those after the position of the state
 * are read afterwards. The client's reading speed sets the pace.
 */
export class StateFeed implements Feed, Waiter {
  readonly position = null;
  /** True if continuity was lost meanwhile: the state may be from before. */
  private isDoubtful = false;

  /** @param onSent called with the position of the state, to continue from there; `isDoubtful` if the loss of it has to be looked for */
  constructor(
    private readonly subscription: Subscription,
    private readonly source: StateSource,
    private readonly onSent: (position: Position, isDoubtful: boolean) => void,
    private readonly onFrame: (type: 'state' | 'state_error') => void,
  ) {}

  /** Starts. If it fails, the connection is closed: the client reconnects and resumes. */
  start(): void {
    runSafely(
      'Sending a state',
      () => this.run(),
      () => this.subscription.connection.close?.('internal'),
    );
  }

  push(): void {
    // The state, or a read after its position, contains the event.
  }

  reset(): void {
    this.isDoubtful = true;
  }

  /** The frames are shared by all clients, so they need no memory here. */
  readonly heldBytes = 0;

  /** True once another feed has replaced this one. */
  get ended(): boolean {
    return this.subscription.feed !== this;
  }

  end(): void {
    this.subscription.connection.sendBuffer.forget(this);
  }

  private async run(): Promise<void> {
    const { connection, channel, topic } = this.subscription;
    const state = await this.source.current(
      topic,
      ({ code, message }) => {
        if (!this.ended) connection.send({ type: 'state_error', channel, code, message });
      },
      () => this.ended || connection.closing === true,
    );
    if (state === null || this.ended || !(await this.send(state))) return;
    this.onSent(state.position, this.isDoubtful);
  }

  /** @returns false if another feed has replaced this one meanwhile */
  private async send(state: ChannelState): Promise<boolean> {
    const { subscription } = this;
    const { connection, view, topic } = subscription;
    const { sendBuffer } = connection;
    let bytes = 0;
    for (const frame of state.framesFor(view)) {
      if (!sendBuffer.isBelowReplayLimit && !(await sendBuffer.whenBelowReplayLimit(this)))
        subscription.feed = CLOSED_FEED;
      if (this.ended) return false;
      if (!sendBuffer.send(frame)) return false;
      this.onFrame('state');
      bytes += frame.length;
    }
    sendBuffer.sentState(topic, formatPosition(state.position));
    this.source.sent(topic, bytes);
    return true;
  }
}
