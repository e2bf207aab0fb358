import { once } from 'node:events';
import { WebSocket } from 'ws';
import { Child } from './child.js';
import { findProgram } from './programs.js';
import { makeTemporaryDirectory, removeDirectory } from './temporary-directory.js';
import { within } from './within.js';

/** A reply to a command, or an event. */
interface Message {
  readonly id?: number;
  readonly type: 'success' | 'error' | 'event';
  readonly message?: string;
  readonly result?: unknown;
}

/** Result of a script. */
interface Evaluated {
  readonly type: 'success' | 'exception';
  readonly result?: { readonly value?: string };
  readonly exceptionDetails?: { readonly text: string };
}

/** Timeout of a command, in milliseconds. */
const ANSWER_MS = 60_000;

/**
 * The installed Firefox, headless, driven by a few WebDriver BiDi commands that every recent release supports.
 * Libraries use commands that Debian's Firefox does not support yet.
 */
export class Firefox {
  private readonly waiting = new Map<number, (message: Message) => void>();
  private lastId = 0;

  private constructor(
    private readonly child: Child,
    private readonly profile: string,
    private readonly socket: WebSocket,
  ) {
    socket.on('message', (text: Buffer) => {
      const message = JSON.parse(text.toString()) as Message;
      if (message.id !== undefined) this.waiting.get(message.id)?.(message);
    });
  }

  /** Starts Firefox with an empty profile. The caller closes it. */
  static async start(): Promise<Firefox> {
    const program = findProgram(['firefox-esr', 'firefox'], 'firefox-esr');
    const profile = await makeTemporaryDirectory();
    const args = ['--headless', '--no-remote', '--profile', profile, '--remote-debugging-port', '0', 'about:blank'];
    const child = new Child(program, args, { env: { PATH: process.env['PATH'], HOME: profile } });
    try {
      await child.said(/WebDriver BiDi listening on ws:\S+\n/, 90_000);
      const [, url] = /listening on (ws:\S+)/.exec(child.output)!;
      const socket = new WebSocket(`${url}/session`);
      await once(socket, 'open');
      const firefox = new Firefox(child, profile, socket);
      await firefox.send('session.new', { capabilities: {} });
      return firefox;
    } catch (error) {
      await child.stop('SIGKILL');
      await removeDirectory(profile);
      throw error;
    }
  }

  /** Opens a page in a separate window, so that no page hides another. Resolves once the page is loaded. */
  async open(url: string): Promise<FirefoxPage> {
    const { context } = (await this.send('browsingContext.create', { type: 'window' })) as { context: string };
    const page = new FirefoxPage(this, context);
    await page.goto(url);
    return page;
  }

  async send(method: string, params: object): Promise<unknown> {
    this.lastId += 1;
    const id = this.lastId;
    const answered = new Promise<Message>((resolve) => this.waiting.set(id, resolve));
    this.socket.send(JSON.stringify({ id, method, params }));
    try {
      const { type, message, result } = await within(ANSWER_MS, `Firefox to answer ${method}`, answered);
      if (type === 'error') throw new Error(`Firefox, asked for ${method}: ${message}`);
      return result;
    } finally {
      this.waiting.delete(id);
    }
  }

  async close(): Promise<void> {
    this.socket.terminate();
    await this.child.stop('SIGKILL');
    await removeDirectory(this.profile);
  }
}

/** One page. Functions run in the page and exchange only JSON with the test. */
export class FirefoxPage {
  constructor(
    private readonly firefox: Firefox,
    private readonly context: string,
  ) {}

  async goto(url: string): Promise<void> {
    await this.firefox.send('browsingContext.navigate', { context: this.context, url, wait: 'complete' });
  }

  async reload(): Promise<void> {
    await this.firefox.send('browsingContext.reload', { context: this.context, wait: 'complete' });
  }

  /** Goes back in history without waiting for the load. */
  async goBack(): Promise<void> {
    await this.firefox.send('browsingContext.traverseHistory', { context: this.context, delta: -1 });
  }

  /** Runs a function in the page and resolves with its result. */
  async evaluate<A extends readonly unknown[], T>(there: (...args: A) => T, ...args: A): Promise<Awaited<T>> {
    const text = await this.run(`return JSON.stringify([await (${String(there)})(...args)]);`, args);
    const [value] = JSON.parse(text!) as [Awaited<T>];
    return value;
  }

  /** Resolves once the condition holds in the page, which polls it. */
  async waitFor<A extends readonly unknown[]>(there: (...args: A) => boolean, ...args: A): Promise<void> {
    const loop = `while (!(${String(there)})(...args)) await new Promise((resolve) => setTimeout(resolve, 20));`;
    await this.run(loop, args);
  }

  async close(): Promise<void> {
    await this.firefox.send('browsingContext.close', { context: this.context });
  }

  private async run(body: string, args: readonly unknown[]): Promise<string | undefined> {
    const { type, result, exceptionDetails } = (await this.firefox.send('script.callFunction', {
      functionDeclaration: `async (text) => { const args = JSON.parse(text); ${body} }`,
      arguments: [{ type: 'string', value: JSON.stringify(args) }],
      target: { context: this.context },
      awaitPromise: true,
    })) as Evaluated;
    if (type === 'exception') throw new Error(`In Firefox: ${exceptionDetails!.text}\n${body}`);
    return result!.value;
  }
}
