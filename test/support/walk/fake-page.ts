type Listener = (event: { type: string }) => void;

/** Browser events of a page. */
export const PAGE_EVENTS = ['offline', 'online', 'pagehide', 'pageshow', 'resume'] as const;
export type PageEvent = (typeof PAGE_EVENTS)[number];

const listeners = new Map<string, Set<Listener>>();

const METHODS = {
  addEventListener: (name: string, listener: Listener) => {
    listeners.set(name, (listeners.get(name) ?? new Set()).add(listener));
  },
  removeEventListener: (name: string, listener: Listener) => listeners.get(name)?.delete(listener),
};

/**
 * A page in Node: from `install` to `remove`, `globalThis` has the event methods that the client looks for. Importing
 * this file does not install them, because specs in one process share modules, and globals are restored after each
 * spec.
 */
export const fakePage = {
  install(): void {
    listeners.clear();
    Object.assign(globalThis, METHODS);
  },
  remove(): void {
    for (const name of Object.keys(METHODS)) Reflect.deleteProperty(globalThis, name);
  },
  dispatch(type: PageEvent): void {
    for (const listener of Array.from(listeners.get(type) ?? [])) listener({ type });
  },
  /** Event types that still have listeners. */
  get listenedTo(): string[] {
    return [...listeners].filter(([, all]) => all.size > 0).map(([name]) => name);
  },
};

/** Installs a fake page for each test of the file. */
export function usePage(): void {
  beforeEach(() => fakePage.install());
  afterEach(() => fakePage.remove());
}
