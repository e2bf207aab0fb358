import { hasCentrifugo } from './centrifugo.js';
import { dialectOf } from './load/dialects.js';
import type { ConnectOptions } from './load/client.js';
import type { LoadHandlers } from './load/load.js';
import type { PeerSettings } from './servers/peer.js';
import { Standalone, type StandaloneName } from './standalone.js';
import { HS256, type Issuer } from './tokens.js';
import { Worker } from './worker.js';

/** Servers that verify tokens. Centrifugo takes part if it is installed. */
export function verifyingServers(): StandaloneName[] {
  return ['module', 'ws', 'socket.io', ...(hasCentrifugo() ? (['centrifugo'] as const) : [])];
}

export interface Pair {
  readonly server: Standalone;
  readonly load: Worker<LoadHandlers>;
  readonly connectOptions: ConnectOptions;
}

/** Starts a server that verifies tokens, and its load, and always ends them. @param channels of each client */
export async function withServer<T>(
  name: StandaloneName,
  settings: PeerSettings,
  channels: readonly string[],
  use: (pair: Pair) => Promise<T>,
  issuer: Issuer = HS256,
): Promise<T> {
  const { algorithm, verifyingKey } = issuer;
  const server = await Standalone.create(name, {
    ...settings,
    issuer: { algorithm, verifyingKey },
  });
  const load = new Worker<LoadHandlers>('./load/load.ts');
  try {
    await server.start();
    const { connectOptions, claims } = dialectOf(name, channels);
    await load.call('tokens', { issuer, claims });
    return await use({
      server,
      load,
      connectOptions: { ...connectOptions, port: server.port },
    });
  } finally {
    await Promise.all([server.kill(), load.stop()]);
  }
}
