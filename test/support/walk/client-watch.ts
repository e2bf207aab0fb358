import type { RealtimeClient, StateChange } from '../../../src/client/index.js';
import { ChannelWatch } from './channel-watch.js';

/** Maximum duration of an attempt, in milliseconds: a call of `getToken` plus opening a socket. */
const MAX_CONNECTING_MS = 2 * 10_000;

/** Maximum announced wait, in milliseconds: the longest one that a server can ask for. */
const MAX_WAIT_MS = 3_600_000;

/**
 * Listens to a client. Reports changes that are lost, out of order or overdue, and data that belongs to another user.
 */
export class ClientWatch {
  readonly channels: ReadonlyMap<string, ChannelWatch>;
  /** Action to run in the next listener call. */
  ambush: (() => void) | undefined;
  /** Duration of slow listeners, in milliseconds. */
  slowMs = 0;
  /** The user that the application signed in, once the client has confirmed it. */
  signedIn: string | null | undefined;
  /** True while a sign-in on an open connection waits for the server. */
  isSigningIn = false;
  /** Disables all checks after the tab has crashed. */
  isGone = false;
  // last user of the client's identity
  #user: string | null | undefined;
  // current user of the client; `undefined` while unknown
  #named: string | null | undefined;
  // True after the client dropped this user.
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
      this.#isDropped = identity === null && state !== 'closed'; // as reported: a listener may have connected again
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

  /** User id of the client's identity. */
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

  /** Checks that an event or presence belongs to the client's current user. */
  checkUser(as: string | null, what: string): void {
    const now = this.user;
    // After close(), waiting events still belong to the same user, until another one is known.
    if (now === null && as === this.#user && !this.#isDropped) return;
    if (as !== now) this.report(`${what} of ${as} comes to ${now}`);
    if (this.signedIn !== undefined && as !== this.signedIn) {
      this.report(`${what} of ${as} comes after the sign-in of ${this.signedIn}`);
    }
  }

  /** Adds a listener that removes the next one, which must not be called afterwards. */
  #removeInListener(): void {
    const stop = this.client.on('state', () => {
      stop();
      stopNext();
      this.#removeInListener();
    });
    const stopNext = this.client.on('state', () => this.report('a listener is called that was removed'));
  }

  /** Checks the invariants between two steps. */
  check(): void {
    const { change } = this.client;
    if (change.retryInMs !== undefined && performance.now() > this.#changedAt + change.retryInMs + 1) {
      this.report(`it still waits, after ${change.retryInMs} ms`);
    }
    if (change.state === 'connecting' && performance.now() > this.#changedAt + MAX_CONNECTING_MS + 1) {
      this.report('an attempt does not end');
    }
    const first = this.#first.splice(0);
    const second = this.#second.splice(0);
    if (first.some((each, at) => each !== second[at]) || first.length !== second.length) {
      this.report('two listeners get changes in another order');
    }
    for (const channel of this.channels.values()) channel.check();
  }
}
