import type { Signal } from '../signal.js';

/** As much of `navigator.locks` as is used. */
export interface Locks {
  request(
    name: string,
    options: { readonly steal?: boolean; readonly signal?: Signal },
    held: () => Promise<void>,
  ): Promise<unknown>;
}

/**
 * A tab's place in the line of leaders. Whoever has the lock leads; a lock goes to the next in line, however its holder ends.
 * Who leads and is robbed of the lock gets in line again.
 */
export class Leadership {
  // The grant that counts: one that is taken back later may be an older one of our own.
  #grant: object | undefined;
  #isInLine = false;

  /**
   * @param over ends it: the lock is let go
   * @param won this tab leads from now on; called again where it robbed itself
   * @param lost another tab robbed it of the lock
   */
  constructor(
    private readonly name: string,
    private readonly locks: Locks,
    private readonly over: Signal,
    private readonly won: () => void,
    private readonly lost: () => void,
  ) {}

  /** Gets in line. */
  stand(): void {
    if (this.#isInLine) return;
    this.#isInLine = true;
    this.#request({ signal: this.over }, () => (this.#isInLine = false));
  }

  /** Takes the lock from whoever has it. */
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
      // Not where the browser refuses such requests: it would refuse the next as well.
      if (this.over.aborted || !isGranted) return;
      if (this.#grant === grant) {
        this.#grant = undefined;
        this.lost();
      }
      this.stand();
    });
  }
}
