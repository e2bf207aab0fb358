import type { ServerFrame, SubscribeTarget } from '../../protocol/frames.js';
import type { LiveFrame } from '../../protocol/live.js';
import { parsePosition } from '../../protocol/position.js';
import { isLastPart, StatePorts } from './state-ports.js';
import { StreamPlace } from './stream-place.js';

type Subscribed = Extract<ServerFrame, { type: 'subscribed' }>;
export type Answer = Subscribed | Extract<ServerFrame, { type: 'error' }>;

/** Functions of the hub that a channel needs. */
export interface HubChannelHost {
  /** Subscribes at the server. @param answered called synchronously when the reply arrives, before later events */
  subscribe(target: SubscribeTarget, answered: (answer: Answer) => void): void;
  unsubscribe(channel: string): void;
  /** Sends the state of the members of this connection. @param ageMs time since it was set, in milliseconds */
  update(channel: string, state: unknown, ageMs: number): void;
  send(ports: readonly string[], frame: object): void;
  /** No socket uses the channel, and no reply is pending: the hub can drop it. */
  release(): void;
}

/** Temporary refusals. Clients retry after `unavailable`. */
const LATER = /^(unavailable|internal|rate_limited)$/;

interface PortState {
  readonly state: unknown;
  /** Milliseconds since 1970. */
  readonly since: number;
}

interface Joining {
  readonly port: string;
  readonly target: SubscribeTarget;
  readonly ref: string | undefined;
  /** The server made the subscription: the socket did not ask for it. */
  readonly server?: true;
}

/**
 * One channel of the shared connection. The server has one subscription, which sockets join at any position. For a
 * socket that is behind, the hub resubscribes from its position: other sockets then get events twice, and their clients
 * drop the duplicates.
 */
export class HubChannel {
  readonly #ports = new Set<string>();
  readonly #statePorts = new StatePorts();
  readonly #joining: Joining[] = [];
  readonly #place = new StreamPlace();
  /** Last forwarded event, or the start position of the subscription. */
  #position: string | undefined;
  #isOpen = false;
  /** A subscribe is pending. */
  #isBusy = false;
  /** A socket asked for presence, so each new subscription includes it. */
  #isWatched = false;
  /** The presence states of the sockets. The last one counts, as for the connections of a user. */
  readonly #states = new Map<string, PortState>();

  constructor(
    private readonly name: string,
    private readonly host: HubChannelHost,
  ) {}

  join(joining: Joining): void {
    this.#joining.push(joining);
    this.#next();
  }

  /** A socket sets its state, and the request has been sent to the server. */
  setState(port: string, state: unknown, ageMs: unknown): void {
    this.#states.delete(port);
    const set = { state, since: Date.now() - (typeof ageMs === 'number' ? ageMs : 0) };
    if (state !== null) this.#states.set(port, set);
    // The server keeps one state for all sockets. After a break each of them sends its state again.
    if (this.#lastState() !== set && this.#states.size > 0) this.#sendState();
  }

  leave(port: string): void {
    if (this.#states.delete(port) && this.#ports.size > 1) this.#sendState();
    for (const [index, joining] of [...this.#joining.entries()].toReversed()) {
      if (joining.port === port) this.#joining.splice(index, 1);
    }
    this.#statePorts.delete(port);
    if (this.#ports.delete(port) && this.#ports.size === 0 && !this.#isBusy) this.#close();
    this.#releaseIfUnused();
  }

  /** Handles a frame that is not a reply. */
  take(frame: Extract<ServerFrame, { channel: string }>): void {
    if (frame.type === 'state' || frame.type === 'state_error') return this.#takeState(frame);
    if (frame.type === 'event') {
      if (this.#statePorts.isWaiting) return; // the state contains it
      this.#position = frame.id ?? this.#position;
    }
    if (frame.type === 'resync') this.#position = frame.lastEventId;
    if (frame.type === 'stream') this.#place.took(frame);
    this.host.send([...this.#ports], frame);
    if (frame.type !== 'unsubscribed') return;
    this.#isOpen = false;
    this.#place.clear();
    this.#ports.clear();
    this.#statePorts.clear();
    this.#states.clear();
    this.#releaseIfUnused();
  }

  /** Passes a state on to the sockets that need it. If events are missing before it, all sockets continue at its position. */
  #takeState(frame: LiveFrame): void {
    const isCovered = frame.type === 'state' && isBefore(frame.id, this.#position);
    this.host.send(this.#statePorts.recipients(frame, isCovered), frame);
    if (frame.type === 'state_error' || isCovered || !isLastPart(frame)) return;
    const { id: lastEventId } = frame;
    this.#position = lastEventId;
    const resync = { type: 'resync', channel: this.name, reason: 'replay_limit', lastEventId, timestamp: now() };
    this.host.send(this.#statePorts.without(this.#ports), resync);
  }

  #lastState(): PortState | undefined {
    return [...this.#states.values()].toSorted((a, b) => a.since - b.since).at(-1);
  }

  /** Sends the last state of the sockets, or removes it. */
  #sendState(): void {
    if (!this.#isOpen) return;
    const last = this.#lastState();
    this.host.update(this.name, last?.state ?? null, last === undefined ? 0 : Math.max(0, Date.now() - last.since));
  }

  #releaseIfUnused(): void {
    if (this.#ports.size === 0 && this.#joining.length === 0 && !this.#isBusy) this.host.release();
  }

  /** Handles joins one after the other. */
  #next(): void {
    while (!this.#isBusy) {
      const joining = this.#joining.shift();
      if (joining === undefined) return;
      if (joining.target.stream) this.#openStream(joining);
      else if (this.#isOpen && !this.#isBehind(joining.target)) this.#add(joining);
      else this.#open(joining);
    }
  }

  /** Adds a socket that has missed no forwarded event. */
  #add({ port, target, ref, server }: Joining): void {
    const { lastEventId } = target;
    const position = lastEventId === undefined ? { lastEventId: this.#position } : { recovered: true, lastEventId };
    this.#admit(port, target);
    this.host.send([port], { type: 'subscribed', channel: this.name, ref, ...position, server, timestamp: now() });
    if (!target.presence) return;
    this.host.subscribe({ channel: this.name, presence: true }, (answer) => {
      if (answer.type === 'error') this.host.send([port], { ...answer, ref: undefined });
      else this.#isWatched = true;
    });
  }

  #admit(port: string, target: SubscribeTarget, isWaiting = false): void {
    this.#ports.add(port);
    this.#statePorts.add(port, target, isWaiting);
  }

  /**
   * Moves the subscription of a stream back to the place of a socket. The others receive bytes again that they have, and
   * ignore them.
   */
  #openStream({ port, target, ref }: Joining): void {
    const stream = this.#place.before(target.stream!);
    this.#ask({ ...target, stream }, (answer) => {
      this.host.send([port], { ...answer, ref });
      if (answer.type === 'error') return;
      const others = [...this.#ports].filter((other) => other !== port);
      this.#isOpen = true;
      this.#ports.add(port);
      if (!answer.stream) return;
      const change = this.#place.opened(answer.stream, stream);
      const { id, start } = answer.stream;
      const about = { channel: this.name, timestamp: now() };
      // The server has named the stream in its answer, which the others do not get.
      if (change === 'another') this.host.send(others, { type: 'stream', ...about, id, at: start, next: start });
      // They have bytes that the server has lost: they subscribe again, and start over.
      if (change !== 'lost') return;
      for (const other of others) this.#ports.delete(other);
      this.host.send(others, { type: 'unsubscribed', ...about, reason: 'unavailable' });
    });
  }

  #open({ port, target, ref, server }: Joining): void {
    if (this.#isOpen) this.#close();
    this.#ask(target, (answer) => {
      if (answer.type === 'subscribed' && answer.state) {
        // The state follows, and the other sockets continue with it.
        const isLost = target.lastEventId !== undefined && answer.recovered === undefined;
        this.#opened(answer, undefined);
        this.#admit(port, target, true);
        this.#isWatched ||= target.presence === true;
        const about = isLost && ({ recovered: false, reason: 'replay_limit' } as const);
        return this.host.send([port], { ...answer, ...about, ref, server });
      }
      const before = this.#position;
      const others = [...this.#ports];
      // If the replay for this socket starts at or before the position of the other sockets, they miss nothing.
      // Otherwise they receive nothing until they have resumed from their position.
      const isRecovered =
        answer.type === 'subscribed' && (answer.recovered === true || isBefore(answer.lastEventId, before));
      if (!isRecovered) this.#ports.clear();
      if (answer.type === 'subscribed') {
        this.#opened(answer, target.lastEventId);
        this.#admit(port, target);
        this.#isWatched ||= target.presence === true;
      }
      this.host.send([port], { ...answer, ref, server });
      if (isRecovered || others.length === 0) return;
      // The resume of the other sockets can interrupt this socket's last events, so it resumes with them.
      const isCut = answer.type === 'subscribed' && (answer.rewound ?? 0) > 0;
      this.#restore(isCut ? [...others, port] : others, before);
    });
  }

  /** Resumes the other sockets from their position. */
  #restore(others: readonly string[], before: string | undefined): void {
    if (this.#isOpen) this.#close();
    this.#ask({ channel: this.name, ...(before !== undefined && { lastEventId: before }) }, (answer) => {
      if (answer.type === 'error') {
        this.host.send(others, {
          type: 'unsubscribed',
          channel: this.name,
          reason: LATER.test(answer.code) ? 'unavailable' : 'access_revoked',
          timestamp: now(),
        });
        for (const port of others) this.#statePorts.delete(port);
        return;
      }
      this.#opened(answer, before);
      for (const port of others) this.#ports.add(port);
      const { reason = 'no_history', lastEventId, state } = answer;
      if (state) return; // it follows
      if (before !== undefined && answer.recovered !== false) return;
      this.host.send(others, { type: 'resync', channel: this.name, reason, lastEventId, timestamp: now() });
    });
  }

  #ask(target: SubscribeTarget, answered: (answer: Answer) => void): void {
    this.#isBusy = true;
    const wanted = this.#statePorts.targetFor(target);
    this.host.subscribe(this.#isWatched ? { ...wanted, presence: true } : wanted, (answer) => {
      this.#isBusy = false;
      answered(answer);
      if (this.#isOpen && this.#ports.size === 0 && !this.#isBusy) this.#close();
      this.#next();
      this.#releaseIfUnused();
    });
  }

  #opened(answer: Subscribed, asked: string | undefined): void {
    this.#isOpen = true;
    // The state has its position.
    if (!answer.state) this.#position = answer.recovered === true ? asked : answer.lastEventId;
    // A new subscription has no state. A socket that stays subscribed does not know that there was a new one.
    if (this.#states.size > 0) this.#sendState();
  }

  #close(): void {
    this.#isOpen = false;
    this.#place.clear();
    this.host.unsubscribe(this.name);
  }

  /** Returns true if a socket that joins needs events that were forwarded before. */
  #isBehind(target: SubscribeTarget): boolean {
    const { lastEventId, last } = target;
    if (this.#statePorts.needsNew(target)) return true;
    // Without a position the channel has no history, so there are no last events either.
    if (lastEventId === undefined) return last !== undefined && this.#position !== undefined;
    return lastEventId !== this.#position && !isBefore(this.#position, lastEventId);
  }
}

/** Returns true if both are positions of one epoch, and the first is not after the second. */
function isBefore(one: string | undefined, other: string | undefined): boolean {
  const [first, second] = [parsePosition(one ?? ''), parsePosition(other ?? '')];
  return first !== null && first.epoch === second?.epoch && first.offset <= second.offset;
}

function now(): string {
  return new Date().toISOString();
}
