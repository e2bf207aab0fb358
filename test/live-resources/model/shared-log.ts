import type { HistoryPage, OutgoingEvent, ReadResult } from '../../../src/realtime/broker/broker.js';
import { RealtimeUnavailableError } from '../../../src/realtime/broker/errors.js';
import type { Position } from '../../../src/protocol/index.js';
import { CheckedStore } from './checked-store.js';
import type { Scheduler } from './scheduler.js';

/** Number of events that the history keeps. */
const HISTORY = 12;

/** Receives what the server distributes. */
export interface Listener {
  event(position: Position, body: string): void;
  position(position: Position): void;
}

/** The server of the backend: the log of one channel and the stored states. It can restart, and lose its data. */
export class SharedLog {
  private epochs = 1;
  private offset = 0;
  private bodies: string[] = [];
  /** Offset of the first event that can be read. */
  private from = 0;
  isDown = false;
  states: CheckedStore;
  private readonly listeners = new Map<Listener, { owner: object; inbox: (() => void)[] }>();

  constructor(
    private readonly scheduler: Scheduler,
    report: (violation: string) => void,
  ) {
    this.states = new CheckedStore(report);
  }

  get top(): Position {
    return { epoch: `e${this.epochs}`, offset: this.offset };
  }

  connect(owner: object, listener: Listener): Position {
    this.listeners.set(listener, { owner, inbox: [] });
    return this.top;
  }

  disconnect(listener: Listener): void {
    this.listeners.delete(listener);
  }

  async publish({ body }: OutgoingEvent): Promise<Position> {
    this.check();
    this.offset += 1;
    this.bodies.push(body);
    if (this.bodies.length > HISTORY) this.bodies.shift();
    this.from = this.offset - this.bodies.length;
    const position = this.top;
    for (const listener of this.listeners.keys()) this.deliver(listener, () => listener.event(position, body));
    return position;
  }

  async read(after: Position, maxEvents: number): Promise<ReadResult> {
    this.check();
    const { top } = this;
    if (after.epoch !== top.epoch) return { ok: false, reason: 'unproven', top };
    if (after.offset > top.offset) return { ok: false, reason: 'rewound', top };
    if (after.offset < this.from || top.offset - after.offset > maxEvents) return { ok: false, reason: 'expired', top };
    return { ok: true, events: this.events().filter(({ position }) => position.offset > after.offset), top };
  }

  async page(): Promise<HistoryPage> {
    this.check();
    return { events: this.events().slice(-1), top: this.top, more: false };
  }

  /** The store of states, which fails while the server is down. */
  store<T>(use: (states: CheckedStore) => Promise<T>): Promise<T> {
    return this.isDown ? Promise.reject(new RealtimeUnavailableError('down')) : use(this.states);
  }

  /** @param lost number of the last events that it does not have any more */
  restart(lost: number, keepsStates: boolean): void {
    this.epochs += 1;
    this.offset = Math.max(0, this.offset - lost);
    [this.bodies, this.from, this.isDown] = [[], this.offset, false];
    if (!keepsStates) this.states = this.states.emptied();
    for (const listener of this.listeners.keys()) this.reconnect(listener);
  }

  /** Loses the messages that are on their way to an instance, as a cut connection does. */
  reconnect(listener: Listener): void {
    const line = this.listeners.get(listener);
    if (line === undefined) return;
    line.inbox.length = 0;
    const { top } = this;
    this.deliver(listener, () => listener.position(top));
  }

  private events(): { position: Position; body: string }[] {
    const { epoch } = this.top;
    return this.bodies.map((body, index) => ({ position: { epoch, offset: this.from + index + 1 }, body }));
  }

  /** Messages to an instance keep their order. */
  private deliver(listener: Listener, run: () => void): void {
    const { owner, inbox } = this.listeners.get(listener)!;
    inbox.push(run);
    this.scheduler.add(owner, 'deliver', () => inbox.shift()?.());
  }

  private check(): void {
    if (this.isDown) throw new RealtimeUnavailableError('down');
  }
}
