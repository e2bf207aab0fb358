import type { Channel, RealtimeClient, RealtimeEvent, Stop } from '../../../src/client/index.js';

/** `maxWaitingEvents`, and a reset. */
const MAX_WAITING = 20 + 1;

/** Events that can wait: what arrives in one step before the client can leave the channel is among them. */
const MAX_AT_ONCE = MAX_WAITING + 40 + 4;

/** A reset takes an application some time, in milliseconds. */
const RESET_MS = 1_000;

/** The watch over the client to which a channel belongs. */
interface Watch {
  readonly client: RealtimeClient;
  /** The user that the client names. */
  readonly user: string | null;
  readonly isSigningIn: boolean;
  readonly slowMs: number;
  checkUser(as: string | null, what: string): void;
  inListener(): void;
  report(problem: string): void;
}

/** Listens to one channel of a client, and reports each event that is lost, out of order, twice or of another user. */
export class ChannelWatch {
  readonly channel: Channel;
  // The last event that the first listener got, or where the channel stands.
  #last: string | undefined;
  #lastOfRearmed: string | undefined;
  // The user to whom that event came; `undefined` if the application said where to begin.
  #lastIsOf: string | null | undefined;
  #hasBegun = false;
  #needsReset = false;
  // Events that the slow listener is not done with; a new list where the client drops what waits.
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
      const isKnown = lastEventId === this.#last; // it was done before it was reset to
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
        if (recovered === undefined && this.#hasBegun) this.#report('it begins anew, and no reset says so');
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

  /** Adds a user. @param after where it begins, if it is the first user */
  use(after?: string): Stop {
    if (this.channel.state === 'unsubscribed') this.#startAt(after);
    return this.channel.subscribe({ after, presence: true });
  }

  /** The client asks the server to go on after an event. @param as the user of the connection */
  resumesAt(lastEventId: string | undefined, as: string | null): void {
    if (lastEventId === this.#last) {
      const isForeign = lastEventId !== undefined && this.#lastIsOf !== undefined && this.#lastIsOf !== as;
      if (isForeign) this.#report(`${as} goes on where ${this.#lastIsOf} stood`);
      return;
    }
    // The listeners may not know yet what led to it.
    void Promise.resolve().then(() => {
      if (lastEventId !== this.#last) this.#report(`it resumes at ${lastEventId}, and stands at ${this.#last}`);
    });
  }

  /** What has to hold between two steps. */
  check(): void {
    const { lastEventId, presence } = this.channel;
    if (lastEventId !== undefined && this.#waiting.includes(lastEventId)) {
      this.#report('lastEventId is an event that a listener is not done with');
    }
    const most = this.channel.state === 'subscribed' ? MAX_WAITING : MAX_AT_ONCE;
    if (this.#waiting.length > most) this.#report(`more than ${most} events wait`);
    if (this.#waiting.length > MAX_WAITING && this.channel.change.code === 'lost') this.#report('it is not behind');
    if (this.channel.state === 'refused' && this.watch.client.state !== 'connected')
      this.#report('refused, and there is no connection');
    if (this.#lastOfRearmed !== this.#last) this.#report('an event is lost to a listener that is added again');
    for (const { userId } of presence?.members ?? []) this.watch.checkUser(userId, `${this.name}: presence`);
  }

  /** Nothing waits, nothing is on its way. */
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

/** The user of the connection on which an event came: see `tagged-socket.ts`. */
export function userOf(data: unknown): string | null {
  return (data as { readonly as: string | null }).as;
}
