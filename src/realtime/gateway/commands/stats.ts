import { ProtocolError } from '../../../protocol/index.js';
import type { Command } from './command.js';

/** `{"type":"stats"}` → figures of this instance and of the cluster, for administrators. */
export const stats: Command<'stats'> = async (services, connection, { ref }) => {
  const { principal } = connection;
  if (principal?.isAdmin !== true) {
    throw new ProtocolError('forbidden', { message: 'Only administrators may ask for stats' });
  }
  // Those of a tenant for its administrators, and for one of the platform who has named it.
  const { tenant } = principal;
  const figures = tenant === null ? services.stats.collect() : services.tenantStats.of(tenant);
  connection.send({ type: 'stats', stats: await figures }, ref);
};
