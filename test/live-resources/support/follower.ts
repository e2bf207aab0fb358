import { applyPatch, isStateReload, type ServerFrame, type StatePatch } from '../../../src/protocol/index.js';
import type { WsClient } from '../../support/ws-client.js';

type StateFrame = Extract<ServerFrame, { type: 'state' }>;

/** Follows the state of a channel, as a client does. */
export class Follower {
  data: unknown = undefined;
  id: string | undefined;
  /** Types of the frames that were received, in order. */
  readonly seen: string[] = [];
  private parts: string[] = [];

  constructor(
    readonly client: WsClient,
    readonly channel: string,
  ) {}

  /** Subscribes with the state, and resumes if it holds one. */
  subscribe(): void {
    const { channel, id, data } = this;
    const isHeld = id !== undefined && data !== undefined;
    this.client.send({ type: 'subscribe', channel, state: true, ...(isHeld && { lastEventId: id }) });
  }

  /** Takes the next frame of the channel. */
  async step(): Promise<ServerFrame> {
    const frame = await this.client.next(undefined, (one) => 'channel' in one && one.channel === this.channel);
    this.take(frame);
    return frame;
  }

  /** Takes frames until the condition holds. */
  async until(condition: (follower: this) => boolean): Promise<void> {
    while (!condition(this)) await this.step();
  }

  take(frame: ServerFrame): void {
    this.seen.push(frame.type);
    if (frame.type === 'state') this.takeState(frame);
    else if (frame.type === 'event') {
      if (this.data === undefined) throw new Error('A patch came before the state');
      if (isStateReload(frame.data)) throw new Error('A subscription with state received a reload');
      this.data = applyPatch(this.data, frame.data as StatePatch);
      this.id = frame.id;
    } else if (frame.type === 'resync') throw new Error('A subscription with state received a resync');
  }

  private takeState(frame: StateFrame): void {
    if ('data' in frame) this.data = frame.data;
    else {
      if (frame.part === 1) this.parts = [];
      this.parts.push(frame.text);
      if (this.parts.length !== frame.part) throw new Error('A part is missing');
      if (frame.part < frame.parts) return;
      this.data = JSON.parse(this.parts.join('')) as unknown;
    }
    this.id = frame.id;
  }
}
