import type { Channel, RealtimeClient, RealtimeEvent, Stop } from '../../../src/client/index.js';

/** `maxWaitingEvents` plus one reset. */
const MAX_WAITING = 20 + 1;

/** Maximum number of waiting events: more can arrive in one step before the client leaves the channel. */
const MAX_AT_ONCE = MAX_WAITING + 40 + 4;

/** Time that the application takes to handle a reset, in milliseconds. */
const RESET_MS = 1_000;

/** The watch of the client that the channel belongs to. */
interface Watch {
  readonly client: RealtimeClient;
  /** User id in the client's identity. */
  readonly user: string | null;
  readonly isSigningIn: boolean;
  readonly slowMs: number;
  checkUser(as: string | null, what: string): void;
  inListener(): void;
  report(problem: string): void;
}

/**
 * Listens to one channel of a client. Reports events that are lost, out of order, duplicated, or sent to another user.
 */
export class ChannelWatch {
  readonly channel: Channel;
  // Last event of the first listener, or the position of the channel.
  #last: string | undefined;
  #lastOfRearmed: string | undefined;
  // User that received that event; `undefined` if the application set the position.
  #lastIsOf: string | null | undefined;
  #hasBegun = false;
  #needsReset = false;
  // Events that the slow listener has not finished. Replaced by a new list when the client drops waiting events.
  #waiting: string[] = [];
  #state = 'unsubscribed';
  #isBusy = false;

  constructor(
    readonly name: string,
    private readonly watch: Watch,
  ) {
    this.channel = watch.client.channel<string>(name);
    this.channel.on('event', (event) => this.#event(event));
    this.channel.on('event', (event) => this.#slowly(event));
    this.channel.on('reset', ({ reason, lastEventId }) => {
      if (reason === 'other_user' && !this.#needsReset) this.#report('a reset for another user, who is the same');
      this.#needsReset = false;
      const own: string[] = (this.#waiting = []);
      const isKnown = lastEventId === this.#last; // the event was handled before the reset
      this.#startAt(lastEventId, watch.user);
      watch.inListener();
      if (lastEventId === undefined || isKnown) return;
      own.push(lastEventId);
      return new Promise<void>((resolve) => {
        setTimeout(
          () => {
            own.splice(own.indexOf(lastEventId), 1);
            resolve();
          },
          Math.max(watch.slowMs, RESET_MS),
        );
      });
    });
    this.channel.on('state', (change) => {
      const { state, previous, code, recovered } = change;
      if (previous !== this.#state) this.#report(`${state} from ${previous}, but it was ${this.#state}`);
      this.#state = state;
      if (state === 'unsubscribed') this.#hasBegun = this.#needsReset = false;
      if (code === 'other_user') this.#needsReset = this.#hasBegun;
      if (state === 'unsubscribed' || code === 'other_user') {
        this.#waiting = [];
        this.#startAt(undefined);
      }
      if (state === 'subscribed') {
        if (recovered === undefined && this.#hasBegun) this.#report('it starts over, and no reset says so');
        if (recovered === undefined) this.#startAt(this.channel.lastEventId, watch.user);
        this.#hasBegun = true;
      }
      watch.inListener();
    });
    this.#rearm();
  }

  get last(): string | undefined {
    return this.#last;
  }

  /** Adds a subscriber. @param after position to resume from, @param last events to begin with, for the first subscriber */
  use(after?: string, last?: number): Stop {
    if (this.channel.state === 'unsubscribed') this.#startAt(after);
    return this.channel.subscribe({ after, last, presence: true });
  }

  /** Checks the position that the client resumes from. @param as user of the connection */
  resumesAt(lastEventId: string | undefined, as: string | null): void {
    if (lastEventId === this.#last) {
      const isForeign = lastEventId !== undefined && this.#lastIsOf !== undefined && this.#lastIsOf !== as;
      if (isForeign) this.#report(`${as} resumes at the position of ${this.#lastIsOf}`);
      return;
    }
    // The listeners may not have received the preceding events yet.
    void Promise.resolve().then(() => {
      if (lastEventId !== this.#last) this.#report(`it resumes at ${lastEventId}, and stands at ${this.#last}`);
    });
  }

  /** Checks the invariants between two steps. */
  check(): void {
    const { lastEventId, presence } = this.channel;
    if (lastEventId !== undefined && this.#waiting.includes(lastEventId)) {
      this.#report('lastEventId is an event that a listener is not done with');
    }
    const most = this.channel.state === 'subscribed' ? MAX_WAITING : MAX_AT_ONCE;
    if (this.#waiting.length > most) this.#report(`more than ${most} events wait`);
    const isConnected = this.watch.client.state === 'connected';
    if (isConnected && this.#waiting.length > MAX_WAITING && this.channel.change.code === 'lost')
      this.#report('it is not behind');
    if (!isConnected && (this.channel.state === 'subscribed' || this.channel.change.code === 'behind'))
      this.#report(`${this.channel.change.code} without a connection`);
    if (this.channel.state === 'refused' && this.watch.client.state !== 'connected')
      this.#report('refused, and there is no connection');
    if (this.#lastOfRearmed !== this.#last) this.#report('an event is lost to a listener that is added again');
    for (const { userId } of presence?.members ?? []) this.watch.checkUser(userId, `${this.name}: presence`);
  }

  /** Checks the position when no event is waiting or in flight. */
  checkAtRest(): void {
    const { lastEventId } = this.channel;
    if (lastEventId !== this.#last) this.#report(`lastEventId stays at ${lastEventId} after ${this.#last}`);
  }

  #report(problem: string): void {
    this.watch.report(`${this.name}: ${problem}`);
  }

  #startAt(position: string | undefined, isOf?: string | null): void {
    this.#last = this.#lastOfRearmed = position;
    this.#lastIsOf = isOf;
  }

  #event({ id, data }: RealtimeEvent): void {
    this.watch.checkUser(userOf(data), `${this.name}: an event`);
    if (this.watch.isSigningIn) this.#report('an event before the server has answered a sign-in');
    if (this.#needsReset) this.#report('an event before the reset for another user');
    if (!follows(id!, this.#last)) this.#report(`${id} after ${this.#last}`);
    this.#last = id;
    this.#lastIsOf = userOf(data);
    this.#waiting.push(id!);
    this.watch.inListener();
  }

  #slowly({ id, data }: RealtimeEvent): Promise<void> | undefined {
    this.watch.checkUser(userOf(data), `${this.name}: an event`);
    const own = this.#waiting;
    const { slowMs } = this.watch;
    if (this.#isBusy) this.#report('a listener gets an event before it is done with the last one');
    const done = (): unknown => own.splice(own.indexOf(id!), 1);
    if (slowMs === 0) return void done();
    this.#isBusy = true;
    return new Promise((resolve) => {
      setTimeout(() => {
        this.#isBusy = false;
        done();
        resolve();
      }, slowMs);
    });
  }

  /** A listener that removes itself and adds itself again in each call. */
  #rearm(): void {
    const stop = this.channel.on('event', ({ id }) => {
      stop();
      if (!follows(id!, this.#lastOfRearmed)) this.#report(`${id} again to a listener that is added again`);
      this.#lastOfRearmed = id;
      this.#rearm();
    });
  }
}

/** Returns true if no event is between two positions. */
export function follows(id: string, last = ''): boolean {
  const [epoch, offset] = id.split('-');
  const [lastEpoch, lastOffset] = last.split('-');
  return epoch === lastEpoch && Number(offset) === Number(lastOffset) + 1;
}

/** Returns the user of the connection that delivered an event: see `tagged-socket.ts`. */
export function userOf(data: unknown): string | null {
  return (data as { readonly as: string | null }).as;
}
