import { EventEmitter, once } from 'node:events';
import { within } from '../support/within.js';
import { DeployClient } from './deploy-client.js';

/** Clients that connect at the same time. */
const AT_ONCE = 50;

/** The events that a crowd received. */
export interface Outcome {
  /** Number of clients that did not receive each event once and in order. */
  readonly incomplete: number;
  /** Number of reloads by clients. */
  readonly resets: number;
  /** Longest time from `emit` to receipt of each client, in milliseconds. */
  readonly latestMs: readonly number[];
}

/** Clients that follow one channel, in this process or in another. */
export interface Crowd {
  /** Connects all clients, a few at a time. */
  connect(): Promise<void>;
  /** Resolves once all clients are subscribed. */
  ready(): Promise<void>;
  /** The downtimes that ended since, in milliseconds. @param since in milliseconds since 1970 */
  downtimesSince(since: number): Promise<readonly number[]>;
  /** Resolves once each client has received the last of n events. */
  outcome(published: number): Promise<Outcome>;
  close(): Promise<void>;
}

/** Clients in this process. */
export class LocalCrowd implements Crowd {
  private readonly clients: DeployClient[] = [];
  private readonly change = new EventEmitter();

  /** @param name the prefix of the names of the users */
  constructor(
    private readonly url: string,
    private readonly name: string,
    private readonly count: number,
    private readonly patienceMs: number,
  ) {}

  async connect(): Promise<void> {
    const notify = (event: string) => () => void this.change.emit(event);
    while (this.clients.length < this.count) {
      for (let more = Math.min(AT_ONCE, this.count - this.clients.length); more > 0; more -= 1) {
        const name = `${this.name}${this.clients.length}`;
        this.clients.push(new DeployClient(name, this.url, notify('state'), notify('event')));
      }
      await this.ready();
    }
  }

  ready(): Promise<void> {
    return this.until('the clients to subscribe', 'state', () => this.clients.every(({ isReady }) => isReady));
  }

  async downtimesSince(since: number): Promise<readonly number[]> {
    return this.clients.flatMap(({ downtimes }) => downtimes.filter(({ at }) => at > since).map(({ ms }) => ms));
  }

  async outcome(published: number): Promise<Outcome> {
    const isLast = ({ received }: DeployClient): boolean => received.at(-1) === published - 1;
    await this.until('the last event', 'event', () => this.clients.every(isLast));
    const isWhole = ({ received }: DeployClient): boolean =>
      received.length === published && received.every((number, index) => number === index);
    return {
      incomplete: this.clients.filter((client) => !isWhole(client)).length,
      resets: this.clients.reduce((sum, { resets }) => sum + resets, 0),
      latestMs: this.clients.map(({ latestMs }) => latestMs),
    };
  }

  async close(): Promise<void> {
    for (const client of this.clients) client.close();
  }

  private async until(what: string, event: string, isTrue: () => boolean): Promise<void> {
    const wait = async (): Promise<void> => {
      while (!isTrue()) await once(this.change, event);
    };
    await within(this.patienceMs, what, wait());
  }
}
