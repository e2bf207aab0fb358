interface Zones {
  readonly Zone?: { readonly root?: { run?<T>(work: () => T): T } };
}

/**
 * Runs work outside of the zones of zone.js, if present. Angular waits for timers that start inside its zone and runs
 * change detection after each event, so a client inside the zone would never let the application become stable.
 */
export function outsideZone<T>(work: () => T): T {
  const root = (globalThis as Zones).Zone?.root;
  return root?.run ? root.run(work) : work();
}
