import { Client, type Notification, type QueryResultRow } from 'pg';
import { RealtimeUnavailableError } from 'nestjs-realtime';

const RETRY_MS = 500;

/** One connection to Postgres that is opened again after it was lost. Its queries run in the order of their calls. */
export class Link {
  private client: Client | null = null;
  private last: Promise<unknown> = Promise.resolve();
  private started = false;
  private closed = false;
  private timer: NodeJS.Timeout | undefined;
  private reason = 'it is not connected';
  /** Called each time the connection is ready, before queries are accepted. */
  onConnect: (client: Client) => Promise<void> = async () => undefined;
  readonly onUp: (() => void)[] = [];
  onNotification: (notification: Notification) => void = () => undefined;

  constructor(private readonly url: string) {}

  get status(): { up: boolean; reason?: string } {
    this.start();
    return this.client === null ? { up: false, reason: `Postgres is unavailable: ${this.reason}` } : { up: true };
  }

  start(): void {
    if (this.started || this.closed) return;
    this.started = true;
    void this.connect();
  }

  /**
   * @param deadline time of `performance.now()` after which a waiting statement is not sent any more
   * @throws RealtimeUnavailableError; the statement may have been executed if `mayBePublished` is true
   */
  query<T extends QueryResultRow>(text: string, values: readonly unknown[] = [], deadline = Infinity): Promise<T[]> {
    this.start();
    const result = this.last.then(() => this.send<T>(text, values, deadline));
    this.last = result.catch(() => undefined);
    return result;
  }

  async close(): Promise<void> {
    this.closed = true;
    clearTimeout(this.timer);
    this.reason = 'the application is shutting down';
    const { client } = this;
    this.client = null;
    await client?.end().catch(() => undefined);
  }

  private async send<T extends QueryResultRow>(text: string, values: readonly unknown[], deadline: number) {
    if (this.client === null) throw new RealtimeUnavailableError(this.status.reason!);
    if (performance.now() > deadline) throw new RealtimeUnavailableError('Postgres did not answer in time');
    try {
      return (await this.client.query<T>(text, [...values])).rows;
    } catch (error) {
      const { message } = error as Error;
      throw new RealtimeUnavailableError(`Postgres is unavailable: ${message}`, { cause: error, mayBePublished: true });
    }
  }

  private async connect(): Promise<void> {
    // The server gives a statement up before the client does, so that a refused event is not published later.
    const limits = { connectionTimeoutMillis: 3_000, statement_timeout: 2_500, query_timeout: 3_000 };
    const client = new Client({ connectionString: this.url, ...limits });
    client.on('error', (error) => this.lost(client, error));
    client.on('end', () => this.lost(client, new Error('it closed the connection')));
    client.on('notification', (notification) => this.onNotification(notification));
    try {
      await client.connect();
      await this.onConnect(client);
      if (this.closed) return await client.end();
      this.client = client;
      for (const callback of this.onUp) callback();
    } catch (error) {
      await client.end().catch(() => undefined);
      this.lost(null, error as Error);
    }
  }

  private lost(client: Client | null, { message }: Error): void {
    if (this.closed || this.client !== client) return;
    this.client = null;
    this.reason = message;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.connect(), RETRY_MS).unref();
  }
}
