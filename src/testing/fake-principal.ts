import { matchPattern, type CommandSupport, type ErrorCode, type User } from '../protocol/index.js';
import type { FakeEnv, FakeOwner } from './fake-env.js';

/** Maximum delay of a timer, in milliseconds. */
const MAX_TIMER_MS = 2_147_483_647;

/** Fields of `connected` and `authenticated` that describe the client. */
interface PrincipalFields {
  readonly user: User | null;
  readonly guest?: true;
  readonly authorizedChannels: readonly string[];
  readonly limitedTo?: readonly string[];
  readonly commands?: CommandSupport;
  readonly expiresAt?: string;
}

/** Identity of a connection to a fake server: its user, the channels that it can use, and the end of its token. */
export class FakePrincipal {
  user: User | null = null;
  #limitedTo: readonly string[] | undefined;
  #isGuest = false;
  #expiresAt: number | undefined;
  #end: ReturnType<typeof setTimeout> | undefined;

  /** @param expired called when the token expires */
  constructor(
    private readonly env: FakeEnv,
    private readonly expired: () => void,
  ) {}

  /** Takes the identity of the owner of a token, and its expiry. */
  become({ user, limitedTo, expiresInMs = Infinity }: FakeOwner): void {
    this.user = user;
    this.#limitedTo = limitedTo;
    this.#isGuest = user === null;
    this.stop();
    this.#expiresAt = expiresInMs < Infinity ? Date.now() + expiresInMs : undefined;
    if (this.#expiresAt !== undefined) this.#endAt(this.#expiresAt);
  }

  /** Stops the timer of the token. */
  stop(): void {
    clearTimeout(this.#end);
  }

  /** Returns the reason why a channel is refused; `null` if it is allowed. */
  refusal(channel: string): ErrorCode | null {
    const limit = this.#limitedTo;
    const isOutside =
      limit !== undefined && !limit.some((entry) => entry === channel || matchPattern(entry, channel) !== null);
    return isOutside ? 'forbidden' : this.env.refusal(channel, this.user);
  }

  authorized(): string[] {
    return this.env.channelNames().filter((name) => this.refusal(name) === null);
  }

  fields(): PrincipalFields {
    return {
      user: this.user,
      ...(this.#isGuest && { guest: true }),
      authorizedChannels: this.authorized(),
      ...(this.#limitedTo !== undefined && { limitedTo: this.#limitedTo }),
      ...(this.env.commands !== undefined && { commands: this.env.commands.support }),
      ...(this.#expiresAt !== undefined && { expiresAt: new Date(this.#expiresAt).toISOString() }),
    };
  }

  /** Ends the token at that time, also if it is later than the maximum delay of a timer. */
  #endAt(endsAt: number): void {
    const ms = endsAt - Date.now();
    this.#end = ms > MAX_TIMER_MS ? setTimeout(() => this.#endAt(endsAt), MAX_TIMER_MS) : setTimeout(this.expired, ms);
  }
}
