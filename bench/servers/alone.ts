import type { PeerSettings } from './peer.js';
import { PEERS, type PeerName } from './peers.js';

/** A server that nothing drives: `node alone.mjs NAME SETTINGS` prints its port once it listens. */
const [name, settings] = process.argv.slice(2);
const { port } = await PEERS[name as PeerName](JSON.parse(settings!) as PeerSettings);
process.stdout.write(`listening on ${port}\n`);
