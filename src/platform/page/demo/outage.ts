import type { RealtimeClient } from '../../../client/index.js';
import type { Api } from '../api/api.js';
import type { App } from '../api/types.js';
import type { Network } from '../connection/network.js';

/** Duration of an outage, in milliseconds. */
export const OUTAGE_MS = 10_000;
/** Time between two changes, in milliseconds: all four happen within an outage. */
const STEP_MS = 2_000;

/** An outage on demand: cuts the connection, and meanwhile changes an application over HTTP, which causes four events. */
export class Outage {
  private until: number | null = null;
  private ending: Promise<void> | null = null;
  private finish: () => void = () => undefined;
  private readonly listeners = new Set<() => void>();

  constructor(
    private readonly network: Network,
    private readonly client: RealtimeClient,
    private readonly api: Api,
  ) {}

  /** End of the current outage in milliseconds since 1970; `null` without one. */
  readonly snapshot = (): number | null => this.until;

  readonly subscribe = (changed: () => void): (() => void) => {
    this.listeners.add(changed);
    return () => void this.listeners.delete(changed);
  };

  /** @throws ApiError if a change fails; the connection is restored anyway */
  async start(): Promise<void> {
    if (this.until !== null) return;
    this.set(Date.now() + OUTAGE_MS);
    this.network.cut();
    this.ending = new Promise((resolve) => {
      const timer = setTimeout(resolve, OUTAGE_MS);
      this.finish = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    try {
      await this.causeEvents();
      await this.ending;
    } catch (error) {
      if (this.client.state !== 'closed') throw error; // the user has not signed out meanwhile
    } finally {
      this.finish(); // ends the timer if a change failed
      this.network.restore();
      // Otherwise the client waits for its next attempt. A client that the page has closed stays closed.
      if (this.client.state === 'waiting' || this.client.state === 'paused') this.client.connect();
      this.set(null);
    }
  }

  /** Ends the outage now. */
  end(): void {
    this.finish();
  }

  private async causeEvents(): Promise<void> {
    const demo = `demo ${Math.random().toString(36).slice(2, 6)}`; // names are unique
    const { id } = await this.api.post<App>('/apps', { name: demo });
    for (const version of [2, 3]) {
      await this.pause();
      await this.api.request('PATCH', `/apps/${id}`, { name: `${demo} v${version}` });
    }
    await this.pause();
    await this.api.request('DELETE', `/apps/${id}`);
  }

  private async pause(): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const step = new Promise((resolve) => {
      timer = setTimeout(resolve, STEP_MS);
    });
    await Promise.race([step, this.ending]);
    clearTimeout(timer);
  }

  private set(until: number | null): void {
    this.until = until;
    for (const changed of this.listeners) changed();
  }
}
