import type { Peer, PeerSettings } from './peer.js';

/** The servers under test, by name. Each loads only its own packages. */
export const PEERS = {
  module: async (settings: PeerSettings) => (await import('./module.js')).startModule(settings),
  nest: async (settings: PeerSettings) => (await import('./nest.js')).startNest(settings),
  ws: async (settings: PeerSettings) => (await import('./ws.js')).startWs(settings),
  'socket.io': async (settings: PeerSettings) => (await import('./socket-io.js')).startSocketIo(settings),
  'bare redis': async (settings: PeerSettings) => (await import('./bare-redis.js')).startBareRedis(settings),
} satisfies Record<string, (settings: PeerSettings) => Promise<Peer>>;

export type PeerName = keyof typeof PEERS;
