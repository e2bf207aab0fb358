import { Agent, request, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';

export interface Answer {
  readonly status: number;
  readonly connection: string | undefined;
  readonly retryAfter: string | undefined;
  readonly body: string;
}

export interface Call {
  readonly url: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** Pause between an answer and the next request, in milliseconds: far less than the keep-alive timeout of a server. */
const PAUSE_MS = 20;

/** Sends requests one after the other over keep-alive connections, until the server accepts no more. */
export class KeepAliveClient {
  readonly answers: Answer[] = [];
  /** Resolves when the server accepts no more connections. */
  readonly ended: Promise<void>;
  private readonly agent = new Agent({ keepAlive: true, maxSockets: 1 });
  private stopped = false;

  constructor(private readonly call: Call) {
    this.ended = this.run();
  }

  stop(): Promise<void> {
    this.stopped = true;
    this.agent.destroy();
    return this.ended;
  }

  private async run(): Promise<void> {
    while (!this.stopped) {
      try {
        this.answers.push(await this.once());
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ECONNRESET') break; // a connection that the server closed
      }
      await delay(PAUSE_MS);
    }
    this.agent.destroy();
  }

  private async once(): Promise<Answer> {
    const { url, method = 'GET', headers = {}, body } = this.call;
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      request(url, { agent: this.agent, method, headers }, resolve).once('error', reject).end(body);
    });
    const { connection, 'retry-after': retryAfter } = response.headers;
    return { status: response.statusCode!, connection, retryAfter, body: await text(response) };
  }
}
