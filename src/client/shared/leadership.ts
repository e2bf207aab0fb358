import type { Signal } from '../signal.js';

/** The part of `navigator.locks` that is used. */
export interface Locks {
  request(
    name: string,
    options: { readonly steal?: boolean; readonly signal?: Signal },
    held: () => Promise<void>,
  ): Promise<unknown>;
}

/**
 * Elects a leader among the tabs: the tab with the lock leads. When its holder ends in any way, the next tab in the
 * queue gets the lock. A leader whose lock was stolen queues again.
 */
export class Leadership {
  // The current grant. A grant that is revoked later can be an older one of this tab.
  #grant: object | undefined;
  #isInLine = false;

  /**
   * @param over releases the lock
   * @param won this tab leads from now on; called again if it steals from itself
   * @param lost another tab stole the lock
   */
  constructor(
    private readonly name: string,
    private readonly locks: Locks,
    private readonly over: Signal,
    private readonly won: () => void,
    private readonly lost: () => void,
  ) {}

  /** Queues for the lock. */
  queue(): void {
    if (this.#isInLine) return;
    this.#isInLine = true;
    this.#request({ signal: this.over }, () => (this.#isInLine = false));
  }

  /** Takes the lock from its holder. */
  steal(): void {
    this.#request({ steal: true }, () => undefined);
  }

  #request(options: { steal?: boolean; signal?: AbortSignal }, granted: () => void): void {
    const grant = {};
    let isGranted = false;
    const held = (): Promise<void> => {
      isGranted = true;
      granted();
      if (this.over.aborted) return Promise.resolve();
      this.#grant = grant;
      this.won();
      return new Promise((resolve) => this.over.addEventListener('abort', () => resolve()));
    };
    this.locks.request(this.name, options, held).catch(() => {
      // No retry if the browser refuses such requests: it would refuse the next one too.
      if (this.over.aborted || !isGranted) return;
      if (this.#grant === grant) {
        this.#grant = undefined;
        this.lost();
      }
      this.queue();
    });
  }
}
