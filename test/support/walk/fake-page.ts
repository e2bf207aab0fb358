type Listener = (event: { type: string }) => void;

/** The events that a page gets from its browser. */
export const PAGE_EVENTS = ['offline', 'online', 'pagehide', 'pageshow', 'resume'] as const;
export type PageEvent = (typeof PAGE_EVENTS)[number];

const listeners = new Map<string, Set<Listener>>();

Object.assign(globalThis, {
  addEventListener: (name: string, listener: Listener) => {
    listeners.set(name, (listeners.get(name) ?? new Set()).add(listener));
  },
  removeEventListener: (name: string, listener: Listener) => listeners.get(name)?.delete(listener),
});

/** A page in Node: importing it gives `globalThis` the methods that the client looks for. */
export const fakePage = {
  dispatch(type: PageEvent): void {
    for (const listener of Array.from(listeners.get(type) ?? [])) listener({ type });
  },
  /** Events that are still listened to. */
  get listenedTo(): string[] {
    return [...listeners].filter(([, all]) => all.size > 0).map(([name]) => name);
  },
  clear(): void {
    listeners.clear();
  },
};
