import { HeldState, type Held, type StateFrame } from '../support/held-state.js';
import type { OfflineConnection } from '../../support/offline-connection.js';

/** A client that takes its frames when the test wants. */
export class ModelClient extends HeldState {
  private taken = 0;

  /** @param connection its connection; it can be replaced */
  constructor(public connection: OfflineConnection) {
    super();
  }

  /** Continues on another connection. */
  move(connection: OfflineConnection): void {
    this.connection = connection;
    this.reconnected();
    this.taken = 0;
  }

  /**
   * Takes at most this number of the frames that were sent.
   * @param onHeld receives the state after each of them; `isState` if it was sent whole
   * @returns the text of the frames
   */
  take(count: number, onHeld: (held: Held, isState: boolean) => void): string[] {
    const texts = this.connection.transport.sent.slice(this.taken, this.taken + count);
    this.taken += texts.length;
    for (const text of texts) {
      const before = this.held;
      const frame = JSON.parse(text) as StateFrame;
      this.takeFrame(frame);
      if (this.held !== null && this.held !== before) onHeld(this.held, frame.type === 'state');
    }
    return texts;
  }
}
