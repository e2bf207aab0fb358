import type { Stop } from './types.js';

/** What a page, or a worker, tells of its life. Where there is none (Node, React Native), nothing is told. */
export interface PageLife {
  offline(): void;
  online(): void;
  /** It leaves, perhaps into the back/forward cache. */
  hidden(): void;
  /** It is back from there. */
  shown(): void;
  /** It is looked at again, or goes on after it was frozen. */
  woken(): void;
}

interface Events {
  addEventListener?(name: string, listener: () => void): void;
  removeEventListener?(name: string, listener: () => void): void;
}

/** Listens to the page. */
export function watchPage(life: PageLife): Stop {
  const world = globalThis as Events & { document?: Events & { visibilityState?: string } };
  const { document } = world;
  const heard: [Events | undefined, string, () => void][] = [
    [world, 'offline', () => life.offline()],
    [world, 'online', () => life.online()],
    [world, 'pagehide', () => life.hidden()],
    [world, 'pageshow', () => life.shown()],
    [document, 'resume', () => life.woken()],
    [document, 'visibilitychange', () => void (document?.visibilityState === 'visible' && life.woken())],
  ];
  for (const [target, name, listener] of heard) target?.addEventListener?.(name, listener);
  return () => {
    for (const [target, name, listener] of heard) target?.removeEventListener?.(name, listener);
  };
}
