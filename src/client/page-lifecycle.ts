import type { ClientCause } from './states.js';
import type { Stop } from './types.js';

type PageCause = Extract<ClientCause, 'offline' | 'online' | 'hidden' | 'shown' | 'woken'>;

/** Browser event → cause in the client. */
const CAUSES: { readonly [event: string]: PageCause } = {
  offline: 'offline',
  online: 'online',
  pagehide: 'hidden', // the page is left, perhaps for the back/forward cache
  pageshow: 'shown',
  resume: 'woken', // the page was frozen
  visibilitychange: 'woken',
};

interface Page {
  readonly document?: Page;
  readonly visibilityState?: string;
  addEventListener?(name: string, listener: (event: { type: string }) => void, capture: boolean): void;
  removeEventListener?(name: string, listener: (event: { type: string }) => void, capture: boolean): void;
}

/** Listens to lifecycle events of a page or worker. Does nothing without one (Node, React Native). */
export function watchPage(notify: (cause: PageCause) => void): Stop {
  const page = globalThis as Page;
  const listener = ({ type }: { type: string }): void => {
    if (page.document?.visibilityState !== 'hidden' || CAUSES[type] !== 'woken') notify(CAUSES[type]!);
  };
  const each = (method: 'addEventListener' | 'removeEventListener'): void => {
    // Captures, because not all events of the document bubble to the window.
    for (const name of Object.keys(CAUSES)) page[method]?.(name, listener, true);
  };
  each('addEventListener');
  return () => each('removeEventListener');
}
