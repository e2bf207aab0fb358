import { resolve } from 'node:path';
import { Child } from '../../support/child.js';

/** An instance, which is killed and started again. */
export class LivePlace {
  private child: Child | null = null;
  private starts = 0;

  constructor(
    private readonly index: number,
    private readonly settings: object,
  ) {}

  /** Name of the running instance. */
  get name(): string {
    return `${this.index}.${this.starts}`;
  }

  get isUp(): boolean {
    return this.child !== null;
  }

  get url(): string {
    return `ws://127.0.0.1:${this.port}/ws`;
  }

  async start(): Promise<void> {
    this.starts += 1;
    const settings = JSON.stringify({ ...this.settings, name: this.name });
    const child = new Child(process.execPath, [resolve('test/live-resources/kills/serve.mjs'), settings]);
    await child.said(/listening on \d+\n/, 60_000);
    this.child = child;
  }

  /** Publishes a patch; without one, invalidates the state. @returns false if it is perhaps not published */
  async change(channel: string, patch?: object): Promise<boolean> {
    try {
      const body = JSON.stringify({ channel, patch });
      const answer = await fetch(`http://127.0.0.1:${this.port}/change`, { method: 'POST', body });
      return answer.ok;
    } catch {
      return false;
    }
  }

  async kill(): Promise<void> {
    const { child } = this;
    this.child = null;
    await child?.stop('SIGKILL');
  }

  private get port(): number {
    return Number(/listening on (\d+)/.exec(this.child?.stdout ?? '')?.[1] ?? 1);
  }
}
