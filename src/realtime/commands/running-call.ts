import { ProtocolError } from '../../protocol/index.js';
import type { Principal } from '../auth/principal.js';
import type { Cause, CausedEvent, PublishedPosition } from '../publishing/current-cause.js';
import { runSafely } from '../observability/run-safely.js';
import type { CallOutcome } from './call-outcome.js';

/** The call of a command, for its handler (`@Call()`), guards and interceptors (`context.switchToRpc().getContext()`). */
export interface CommandCall {
  /** Id that the client gave to the call. Unique for its user and tenant. */
  readonly id: string;
  /** Name of the command. */
  readonly command: string;
  /** `null` for a client without a token. */
  readonly caller: Principal | null;
  /** The connection that sent the call; `null` over HTTP. */
  readonly connectionId: string | null;
  /** IP address of the client. */
  readonly address: string;
  /** Aborted when the caller cancels the call, and when it has ended without the handler. */
  readonly signal: AbortSignal;
}

/** The client of a call. */
export interface CallOrigin {
  readonly caller: Principal | null;
  readonly connectionId: string | null;
  readonly address: string;
  /** Key of limits by address. */
  readonly countedAs: string;
  /** Returns true if the client is subscribed to a channel with this topic, so that it can use it. */
  isSubscribed(channel: string, topic: string): boolean;
}

/** Receiver of the answers of a call. */
export interface CallReply {
  /** Called once. */
  end(outcome: CallOutcome): void;
  /** @param json any JSON */
  progress(json: string): void;
}

/** Maximum number of events that an answer names. */
const MAX_EFFECTS = 100;

/** An event that a call has emitted or stored. */
export interface CollectedEvent {
  readonly channel: string;
  readonly topic: string;
  /** False if the event carries the id of the call, because it has no position that can be named. */
  readonly hasPosition: boolean;
  /** `null` for an event of the outbox. */
  readonly published: Promise<PublishedPosition> | null;
}

/** A call while its handler runs. */
export class RunningCall implements CommandCall, Cause {
  readonly id: string;
  /** The outcome that the handler, a time limit or the caller decided. It is sent after it was stored. */
  decided: CallOutcome | null = null;
  /** The outcome that is sent. */
  outcome: CallOutcome | null = null;
  /** True if the outcome is that of an earlier call with this id, or one that runs on another instance. */
  isRepetition = false;
  /** Events by the object that identifies each; `null` without any. */
  effects: Map<CausedEvent, CollectedEvent> | null = null;
  /** Called once with {@link outcome}, before it is sent. */
  onEnd: (outcome: CallOutcome) => void = () => undefined;
  private hasReturned = false;
  private onDecided: ((outcome: CallOutcome) => unknown) | null = null;
  private aborting: AbortController | null = null;
  private readonly receivers: CallReply[] = [];
  private input: { readonly value: unknown } | null = null;

  constructor(
    callId: string,
    readonly command: string,
    readonly origin: CallOrigin,
    /** Key of the caller: its limits and kept calls. */
    readonly owner: string,
    /** Key of the call in this process: the owner and the id. */
    readonly key: string,
    /** The input as it was received. */
    readonly data: unknown,
    private readonly validate: (data: unknown) => unknown,
  ) {
    this.id = callId;
  }

  get caller(): Principal | null {
    return this.origin.caller;
  }

  get connectionId(): string | null {
    return this.origin.connectionId;
  }

  get address(): string {
    return this.origin.address;
  }

  get isOver(): boolean {
    return this.hasReturned || this.decided !== null;
  }

  /** Number of receivers of the answers. */
  get replies(): number {
    return this.receivers.length;
  }

  get signal(): AbortSignal {
    if (this.aborting === null) {
      this.aborting = new AbortController();
      if (this.decided !== null) this.aborting.abort();
    }
    return this.aborting.signal;
  }

  /** Returns the validated input, or a promise of it. It is validated once. @throws ProtocolError `invalid_message` */
  readInput(): unknown {
    this.input ??= { value: this.validate(this.data) };
    return this.input.value;
  }

  /** Ends the collection of events: the handler, with its interceptors, has returned or thrown. */
  returned(): void {
    this.hasReturned = true;
  }

  /** Adds a receiver of the answers. Without a running handler it gets the outcome. */
  join(reply: CallReply): void {
    if (this.outcome === null) this.receivers.push(reply);
    else answer(reply, this.outcome);
  }

  /** Removes a receiver that is gone. @returns the number of those that remain */
  leave(reply: object): number {
    const index = this.receivers.indexOf(reply as CallReply);
    if (index >= 0) this.receivers.splice(index, 1);
    return this.receivers.length;
  }

  /** Sends progress to all receivers, if the call has not ended. */
  progress(json: string): void {
    if (this.decided !== null) return;
    for (const reply of this.receivers) runSafely('The progress of a call', () => reply.progress(json));
  }

  /** Decides the outcome. Only the first decision counts. Never throws. */
  decide(outcome: CallOutcome): void {
    if (this.decided !== null) return;
    this.decided = outcome;
    this.notifyDecided();
  }

  /** Decides the outcome without the handler, and aborts its signal. */
  abort(code: 'cancelled' | 'timeout' | 'interrupted'): void {
    if (this.decided !== null) return;
    this.decided = { error: new ProtocolError(code) };
    runSafely('The signal of a call', () => this.aborting?.abort());
    this.notifyDecided();
  }

  /** Calls back once with the decision, at once if it was made. */
  whenDecided(callback: (outcome: CallOutcome) => unknown): void {
    this.onDecided = callback;
    if (this.decided !== null) this.notifyDecided();
  }

  /** Sends the outcome to all receivers. Only the first one counts. Never throws. */
  end(outcome: CallOutcome): void {
    if (this.outcome !== null) return;
    this.decided ??= outcome;
    this.outcome = outcome;
    runSafely('The end of a call', () => this.onEnd(outcome));
    for (const reply of this.receivers.splice(0)) answer(reply, outcome);
  }

  private notifyDecided(): void {
    const callback = this.onDecided;
    this.onDecided = null;
    if (callback === null) return;
    runSafely(
      'The outcome of a call',
      () => callback(this.decided!),
      () => this.end({ error: new ProtocolError('internal') }),
    );
  }

  emits(event: CausedEvent, published: Promise<PublishedPosition>): void {
    if (this.effects?.has(event) === true || !this.collects(event)) return;
    published.catch(() => undefined); // it is handled where the event was emitted
    this.collect(event, { ...collected(event), published });
  }

  stores(event: CausedEvent): void {
    if (this.collects(event)) this.collect(event, { ...collected(event), published: null, hasPosition: false });
  }

  private collect(event: CausedEvent, as: CollectedEvent): void {
    this.effects ??= new Map();
    this.effects.set(event, as);
  }

  /** An event that the caller does not receive, or that a later one can replace, is not named. */
  private collects({ hints }: CausedEvent): boolean {
    if (hints?.except !== undefined || hints?.conflate !== undefined) return false;
    return !this.isOver && (this.effects?.size ?? 0) < MAX_EFFECTS;
  }
}

function collected({ channel, topic, cause }: CausedEvent): Omit<CollectedEvent, 'published'> {
  return { channel, topic, hasPosition: cause === undefined };
}

function answer(reply: CallReply, outcome: CallOutcome): void {
  runSafely('The answer to a call', () => reply.end(outcome));
}
