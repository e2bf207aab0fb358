import { ProtocolError } from '../../../protocol/index.js';
import type { Command } from './command.js';

/** How many channels `stats` names. */
const MOST_CHANNELS = 100;

/** `{"type":"stats"}` → figures of this instance and of the cluster, for administrators. */
export const stats: Command<'stats'> = ({ registry }, connection, { ref }) => {
  if (connection.principal?.isAdmin !== true) {
    throw new ProtocolError('forbidden', { message: 'Only administrators may ask for stats' });
  }
  const instance = registry.stats();
  const channels = registry.busiestChannels(MOST_CHANNELS);
  connection.send({ type: 'stats', stats: { instance, cluster: { ...instance, instances: 1 }, channels } }, ref);
};
