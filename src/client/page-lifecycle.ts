import type { ClientCause } from './states.js';
import type { Stop } from './types.js';

type PageCause = Extract<ClientCause, 'offline' | 'online' | 'hidden' | 'shown' | 'woken'>;

/** What a browser calls it → what it means here. */
const CAUSES: { readonly [event: string]: PageCause } = {
  offline: 'offline',
  online: 'online',
  pagehide: 'hidden', // it is left, perhaps into the back/forward cache
  pageshow: 'shown',
  resume: 'woken', // it was frozen
  visibilitychange: 'woken',
};

interface Page {
  readonly document?: Page;
  readonly visibilityState?: string;
  addEventListener?(name: string, listener: (event: { type: string }) => void, capture: boolean): void;
  removeEventListener?(name: string, listener: (event: { type: string }) => void, capture: boolean): void;
}

/** Listens to what a page, or a worker, tells of its life. Where there is none (Node, React Native), nothing is told. */
export function watchPage(tell: (cause: PageCause) => void): Stop {
  const page = globalThis as Page;
  const listener = ({ type }: { type: string }): void => {
    if (page.document?.visibilityState !== 'hidden' || CAUSES[type] !== 'woken') tell(CAUSES[type]!);
  };
  // Captured, for not all that the document tells comes up to the window.
  for (const name of Object.keys(CAUSES)) page.addEventListener?.(name, listener, true);
  return () => {
    for (const name of Object.keys(CAUSES)) page.removeEventListener?.(name, listener, true);
  };
}
