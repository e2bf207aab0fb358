import type { Backend } from '../../realtime/index.js';

/** Every property that a backend must have, by port. The type fails to compile if a property of a port is not listed. */
const PARTS: { readonly [Port in keyof Backend]: Readonly<Record<keyof Backend[Port], true>> } = {
  broker: {
    status: true,
    health: true,
    start: true,
    listen: true,
    publish: true,
    subscribe: true,
    unsubscribe: true,
    read: true,
    page: true,
    latest: true,
    hasSubscribers: true,
    listeners: true,
    close: true,
  },
  tickets: { put: true, take: true, get: true },
  revocations: { onReachable: true, add: true, all: true, lineage: true },
  subscriptions: { add: true, remove: true, all: true, isUsed: true },
  directory: {
    id: true,
    isAlone: true,
    registrations: true,
    onReachable: true,
    announce: true,
    all: true,
    living: true,
    leave: true,
  },
  presence: { write: true, read: true, keep: true },
  occupancy: {
    write: true,
    size: true,
    totals: true,
    claims: true,
    claim: true,
    instances: true,
    keysOf: true,
    drop: true,
  },
  calls: { epoch: true, begin: true, renew: true, finish: true },
  states: { read: true, claim: true, write: true, fail: true },
  streams: { open: true, append: true, end: true, read: true },
};

/**
 * Returns what a backend lacks, such as `presence` or `broker.page`. A test runner does not check types, and a later version
 * of the module can add a method to a port.
 */
export function missingParts(backend: object): readonly string[] {
  return Object.entries(PARTS).flatMap(([name, properties]) => {
    const port = (backend as Readonly<Record<string, unknown>>)[name] as
      | Readonly<Record<string, unknown>>
      | null
      | undefined;
    if (port === undefined || port === null) return [name];
    return Object.keys(properties).flatMap((property) => (port[property] === undefined ? [`${name}.${property}`] : []));
  });
}
