import type { RealtimeClient, StateChange } from '../../../src/client/index.js';
import { ChannelWatch } from './channel-watch.js';

/** How long an attempt can take, in milliseconds: a call of `getToken`, and a socket. */
const MAX_CONNECTING_MS = 2 * 10_000;

/** The longest wait that the client can announce, in milliseconds: what a server can ask for. */
const MAX_WAIT_MS = 3_600_000;

/** Listens to a client, and reports each change that is lost, out of order or overdue, and what is of another user. */
export class ClientWatch {
  readonly channels: ReadonlyMap<string, ChannelWatch>;
  /** What happens in the next call of a listener. */
  ambush: (() => void) | undefined;
  /** How long slow listeners take, in milliseconds. */
  slowMs = 0;
  /** The user that the application signed in, once the client has confirmed it. */
  signedIn: string | null | undefined;
  /** It was connected as a sign-in began, and the server has not answered. */
  isSigningIn = false;
  /** Nothing is checked any more: its tab crashed. */
  isGone = false;
  // the last user that the client named
  #user: string | null | undefined;
  // the user that it is; `undefined` while it is no user that is known
  #named: string | null | undefined;
  // The client said that it is this user no longer.
  #isDropped = false;
  #changedAt = performance.now();
  readonly #first: StateChange[] = [];
  readonly #second: StateChange[] = [];

  constructor(
    readonly client: RealtimeClient,
    names: readonly string[],
    private readonly problems: string[],
  ) {
    let { state } = client;
    client.on('state', (change) => {
      if (change.previous !== state) this.report(`${change.state} from ${change.previous}, but it was ${state}`);
      state = change.state;
      this.#changedAt = performance.now();
      this.#first.push(change);
      const { retryInMs } = change;
      if ((change.state === 'waiting') !== (retryInMs !== undefined) && change.code !== 'offline') {
        this.report(`${change.state} with a wait of ${retryInMs}`);
      }
      if (retryInMs !== undefined && !(retryInMs >= 0 && retryInMs <= MAX_WAIT_MS))
        this.report(`waits ${retryInMs} ms`);
      this.inListener();
    });
    client.on('state', (change) => this.#second.push(change));
    client.on('error', () => this.inListener());
    client.on('identity', (identity) => {
      this.#isDropped = identity === null && client.state !== 'closed';
      const user = identity && (identity.user?.userId ?? null);
      if (identity !== null && this.#named !== undefined && user !== this.#named)
        this.report(`${user} comes after ${this.#named}, and nothing between them`);
      this.#named = identity === null ? undefined : user;
      if (identity !== null) this.#user = user;
      this.inListener();
    });
    client.on('message', ({ type }) => {
      if (type === 'pong' || type === 'channels') this.report(`${type} comes as a message, but it answers a request`);
    });
    this.#removeInListener();
    this.channels = new Map(names.map((name) => [name, new ChannelWatch(name, this)]));
  }

  /** The user that the client names. */
  get user(): string | null {
    return this.client.identity?.user?.userId ?? null;
  }

  report(problem: string): void {
    if (!this.isGone) this.problems.push(problem);
  }

  inListener(): void {
    const act = this.ambush;
    this.ambush = undefined;
    act?.();
  }

  /** The user whose event, or presence, this is has to be the one that the client names. */
  checkUser(as: string | null, what: string): void {
    const now = this.user;
    // After close() what waits is still of the same user, until another one is known.
    if (now === null && as === this.#user && !this.#isDropped) return;
    if (as !== now) this.report(`${what} of ${as} comes to ${now}`);
    if (this.signedIn !== undefined && as !== this.signedIn) {
      this.report(`${what} of ${as} comes after the sign-in of ${this.signedIn}`);
    }
  }

  /** A listener that removes the next one, which must not be called any more. */
  #removeInListener(): void {
    const stop = this.client.on('state', () => {
      stop();
      stopNext();
      this.#removeInListener();
    });
    const stopNext = this.client.on('state', () => this.report('a listener is called that was removed'));
  }

  /** What has to hold between two steps. */
  check(): void {
    const { change } = this.client;
    if (change.retryInMs !== undefined && performance.now() > this.#changedAt + change.retryInMs + 1) {
      this.report(`it still waits, after ${change.retryInMs} ms`);
    }
    if (change.state === 'connecting' && performance.now() > this.#changedAt + MAX_CONNECTING_MS + 1) {
      this.report('an attempt does not end');
    }
    const heard = this.#first.splice(0);
    const heardSecond = this.#second.splice(0);
    if (heard.some((each, at) => each !== heardSecond[at]) || heard.length !== heardSecond.length) {
      this.report('two listeners get changes in another order');
    }
    for (const channel of this.channels.values()) channel.check();
  }
}
