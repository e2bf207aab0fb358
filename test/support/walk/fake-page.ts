type Listener = (event: { type: string }) => void;

/** The events that a page gets from its browser. */
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
 * A page in Node: `globalThis` has the methods that the client looks for, from `install` to `remove`. Importing this file
 * does not install it, because specs that share a process share its modules, and its globals are restored after each.
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
  /** Events that are still listened to. */
  get listenedTo(): string[] {
    return [...listeners].filter(([, all]) => all.size > 0).map(([name]) => name);
  },
};

/** Each test of the file is in a page. */
export function usePage(): void {
  beforeEach(() => fakePage.install());
  afterEach(() => fakePage.remove());
}
