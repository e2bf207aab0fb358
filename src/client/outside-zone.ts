interface Zones {
  readonly Zone?: { readonly root?: { run?<T>(work: () => T): T } };
}

/**
 * Runs work outside of the zones of zone.js, if it is there. An Angular application waits for the timers that begin inside
 * its zone, and looks for changes after each event: a client that begins there never lets it come to rest.
 */
export function outsideZone<T>(work: () => T): T {
  const root = (globalThis as Zones).Zone?.root;
  return root?.run ? root.run(work) : work();
}
