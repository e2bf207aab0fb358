import type { LiveFrame } from '../../protocol/live.js';
import type { ServerFrame, SubscribeTarget } from '../../protocol/frames.js';
import { applyPatch, isStateReload, type StatePatch } from '../../protocol/state-patch.js';
import type { ClientChannel } from '../channel.js';
import { callListener } from '../emitter.js';
import { REPORT, RealtimeError } from '../errors.js';
import { addTargetFields } from '../target-fields.js';
import type { ChannelChange, RealtimeClient, RealtimeEvent, Stop } from '../types.js';
import { share } from './share.js';
import { StateReader } from './state-reader.js';
import type { LiveSnapshot, LiveStatus } from './types.js';

/** Wait before the state is requested again, after the second patch in a row that cannot be applied, in milliseconds. Doubles. */
const FIRST_WAIT_MS = 1_000;
const MAX_WAIT_MS = 60_000;

/** The state before the server has sent it. */
export const LOADING: LiveSnapshot<never> = { data: undefined, status: 'loading' };

type Subscribed = Extract<ServerFrame, { type: 'subscribed' }>;

/** The state of one channel, for all its users in this client. */
export class LiveState {
  snapshot: LiveSnapshot = LOADING;
  readonly #channel: ClientChannel;
  readonly #listeners = new Set<() => void>();
  readonly #stops: Stop[];
  readonly #reader = new StateReader();
  /** Id of the last event that the held state contains. */
  #position: string | undefined;
  /** Id of the last event that the channel has received. */
  #received: string | undefined;
  /** True if the held state follows the events: false until a state arrives, and after a change that could not be applied. */
  #isCurrent = false;
  /** True if the subscription was requested with a position. */
  #isResuming = false;
  /** True if the request left out the position of the channel: its other listeners may have missed events. */
  #hasSkipped = false;
  #answer: Subscribed | undefined;
  /** Number of subscriptions in a row that brought no state. */
  #plain = 0;
  /** Number of states in a row after which a patch could not be applied. */
  #failures = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly client: RealtimeClient,
    name: string,
  ) {
    this.#channel = client.channel<string>(name) as ClientChannel;
    const isPlain = this.#channel.state === 'subscribed';
    this.#stops = [
      addTargetFields(this.#channel, (target) => this.#targetFields(target)),
      this.#channel.on('event', (event) => this.#changed(event)),
      this.#channel.on('state', (change) => this.#moved(change)),
      client.on('identity', (identity) => {
        if (identity === null && this.snapshot.status !== 'refused') this.#drop('loading');
      }),
      this.#channel.subscribe(),
    ];
    if (isPlain) this.#restart();
    else this.#moved(this.#channel.change);
  }

  subscribe(listener: () => void): Stop {
    const own = (): void => listener();
    this.#listeners.add(own);
    return () => void this.#listeners.delete(own);
  }

  end(): void {
    clearTimeout(this.#timer);
    for (const stop of this.#stops) stop();
    this.snapshot = LOADING;
  }

  /** Handles a frame of the channel, after the channel. */
  take(frame: ServerFrame): void {
    if (this.#channel.state !== 'subscribed') return;
    if (frame.type === 'subscribed') this.#answer = frame;
    else if (frame.type === 'resync') this.#received = frame.lastEventId;
    else if (frame.type === 'state' || frame.type === 'state_error') this.#takeState(frame);
  }

  /** Requests the state, unless a held one is exactly at the position of the channel. */
  #targetFields({ lastEventId }: SubscribeTarget): object {
    clearTimeout(this.#timer);
    this.#isResuming = this.#isCurrent && lastEventId !== undefined && lastEventId === this.#position;
    this.#hasSkipped = !this.#isResuming && lastEventId !== undefined;
    return { state: true, last: undefined, ...(!this.#isResuming && { lastEventId: undefined }) };
  }

  #moved({ state, code, recovered, error }: ChannelChange): void {
    this.#reader.clear();
    if (state === 'subscribed') return this.#subscribed(recovered === true);
    clearTimeout(this.#timer);
    this.#answer = undefined;
    if (state === 'refused') this.#drop('refused', error);
    else if (code === 'other_user' || this.snapshot.status === 'refused') this.#drop('loading');
    else this.#outdated();
  }

  #subscribed(isRecovered: boolean): void {
    const answer = this.#answer;
    this.#answer = undefined;
    this.#received = isRecovered ? this.#position : answer?.lastEventId;
    if (isRecovered && this.#isResuming) return this.#show({ ...this.snapshot, status: 'live', error: undefined });
    this.#isCurrent = false;
    if (this.#hasSkipped && !answer?.state) this.#continueAt(this.#received);
    if (answer?.state) {
      this.#plain = 0;
      return this.#outdated();
    }
    // The subscription can be one of the server, which has no state.
    this.#plain += 1;
    if (this.#plain === 1) return this.#restart();
    this.#plain = 0;
    const { name } = this.#channel;
    this.#drop('refused', new RealtimeError('unknown_channel', `${name} is not a live resource`, { channel: name }));
  }

  #takeState(frame: LiveFrame): void {
    const { name } = this.#channel;
    if (frame.type === 'state_error') {
      this.#isCurrent = false;
      if (this.#hasSkipped) this.#continueAt(this.#received);
      const error = new RealtimeError(frame.code, frame.message, { channel: name });
      this.#report(error);
      return this.#outdated(error);
    }
    try {
      const received = this.#reader.read(frame);
      if (!received) return;
      const { id, data } = received;
      if (id !== this.#received || this.#hasSkipped) this.#continueAt(id);
      this.#isCurrent = true;
      this.#position = id;
      this.#show({ data: share(this.snapshot.data, data), status: 'live', position: id });
    } catch (error) {
      this.#restartSoon(error as RealtimeError);
    }
  }

  #changed({ data, id }: RealtimeEvent): void {
    this.#received = id;
    // Without a state, or after a lost change, the state follows.
    if (!this.#isCurrent) return;
    if (isStateReload(data)) return this.#restart();
    try {
      const before = this.snapshot.data;
      const next = share(before, applyPatch(before, data as StatePatch));
      this.#position = id;
      this.#failures = 0;
      if (next !== before) this.#show({ data: next, status: 'live', position: id });
    } catch (error) {
      const { name: channel } = this.#channel;
      const { message } = error as Error;
      this.#restartSoon(new RealtimeError('invalid_frame', `event: ${message}`, { channel, cause: error }));
    }
  }

  /** Makes the channel continue after this event. Other listeners of the channel receive a `reset`. */
  #continueAt(id: string | undefined): void {
    this.#received = id;
    this.#hasSkipped = false;
    const { name: channel } = this.#channel;
    const about = { reason: 'replay_limit', lastEventId: id, timestamp: new Date().toISOString() } as const;
    this.#channel.take({ type: 'resync', channel, ...about });
  }

  /** Requests the state after an error of the server: at once, and then less and less often. */
  #restartSoon(error: RealtimeError): void {
    this.#report(error);
    this.#isCurrent = false;
    this.#outdated(error);
    const waitMs = Math.min(MAX_WAIT_MS, FIRST_WAIT_MS * 2 ** (this.#failures - 1));
    this.#failures += 1;
    if (this.#failures === 1) this.#restart();
    else this.#timer = setTimeout(() => this.#restart(), waitMs);
  }

  /** Subscribes again, for the state. */
  #restart(): void {
    this.#isCurrent = false;
    this.#outdated();
    if (this.#channel.state !== 'subscribed') return; // it subscribes by itself
    // The `ref` marks an answer that the client drops.
    this.client.send({ type: 'unsubscribe', channel: this.#channel.name, ref: 'r0' });
    this.#channel.lost('state');
  }

  /** Shows the held state as outdated, with the last error until a state arrives. */
  #outdated(error = this.snapshot.error): void {
    const { data, position } = this.snapshot;
    const status = data === undefined ? 'loading' : 'stale';
    if (status === this.snapshot.status && error === this.snapshot.error) return;
    this.#show({ data, status, ...(error && { error }), ...(position !== undefined && { position }) });
  }

  /** Drops the state, which the user is not allowed to see. */
  #drop(status: LiveStatus, error?: RealtimeError): void {
    this.#isCurrent = false;
    this.#position = undefined;
    const { snapshot } = this;
    if (snapshot.data === undefined && snapshot.status === status && snapshot.error === error) return;
    this.#show({ data: undefined, status, ...(error && { error }) });
  }

  #show(snapshot: LiveSnapshot): void {
    this.snapshot = snapshot;
    for (const listener of [...this.#listeners])
      if (this.#listeners.has(listener)) void callListener(listener, undefined);
  }

  #report(error: RealtimeError): void {
    (this.client as { [REPORT]?: (error: unknown) => void })[REPORT]?.(error);
  }
}
