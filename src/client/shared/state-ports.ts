import type { SubscribeTarget } from '../../protocol/frames.js';
import type { LiveFrame } from '../../protocol/live.js';

/** The sockets that receive the state of a channel, a live resource. The server has one subscription for all of them. */
export class StatePorts {
  readonly #ports = new Set<string>();
  /** Sockets that need the next state. Until it arrives, the events of the channel do not continue those of any socket. */
  readonly #waiting = new Set<string>();
  /** A socket asked for the state, so each new subscription includes it. */
  #isWanted = false;

  /** True while a socket waits for the state. */
  get isWaiting(): boolean {
    return this.#waiting.size > 0;
  }

  /** Returns true if a socket needs a new subscription, for the state. */
  needsNew({ state, lastEventId }: SubscribeTarget): boolean {
    return state === true && (lastEventId === undefined || !this.#isWanted);
  }

  /** Returns the target of a subscription for this one, and for the sockets that are subscribed. */
  targetFor(target: SubscribeTarget): SubscribeTarget {
    this.#isWanted ||= target.state === true;
    if (!this.#isWanted) return target;
    const { last: _last, lastEventId, ...rest } = target;
    const isResume = lastEventId !== undefined && !this.isWaiting;
    return { ...rest, state: true, ...(isResume && { lastEventId }) };
  }

  /** @param isWaiting true if the state follows */
  add(port: string, { state }: SubscribeTarget, isWaiting: boolean): void {
    this.delete(port);
    if (!state) return;
    this.#ports.add(port);
    if (isWaiting) this.#waiting.add(port);
  }

  delete(port: string): void {
    this.#ports.delete(port);
    this.#waiting.delete(port);
  }

  clear(): void {
    this.#ports.clear();
    this.#waiting.clear();
  }

  /**
   * Returns the sockets for a frame.
   * @param isCovered true if the sockets that do not wait have received all events that the state contains
   */
  recipients(frame: LiveFrame, isCovered: boolean): readonly string[] {
    if (frame.type === 'state_error' || !isCovered) for (const port of this.#ports) this.#waiting.add(port);
    const ports = [...this.#waiting];
    if (isLastPart(frame)) this.#waiting.clear();
    return ports;
  }

  /** Returns the sockets without the state. */
  without(ports: Iterable<string>): string[] {
    return [...ports].filter((port) => !this.#ports.has(port));
  }
}

/** Returns true for a whole state, and for its last part. */
export function isLastPart(frame: LiveFrame): boolean {
  return frame.type === 'state' && (!('part' in frame) || frame.part === frame.parts);
}
