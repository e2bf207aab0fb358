import { ProtocolError } from '../../../protocol/index.js';
import type { Command } from './command.js';

/** `{"type":"stats"}` → figures of this instance and of the cluster, for administrators. */
export const stats: Command<'stats'> = async (services, connection, { ref }) => {
  const { principal } = connection;
  // The figures are those of all tenants together.
  if (principal?.isAdmin !== true || principal.home !== null) {
    throw new ProtocolError('forbidden', { message: 'Only administrators may ask for stats' });
  }
  connection.send({ type: 'stats', stats: await services.stats.collect() }, ref);
};
