import { ProtocolError } from '../../../protocol/index.js';
import type { Command } from './command.js';

/** `{"type":"stats"}` → statistics of this instance and of the cluster, for administrators. */
export const stats: Command<'stats'> = async (services, connection, { ref }) => {
  const { principal } = connection;
  if (principal?.isAdmin !== true) {
    throw new ProtocolError('forbidden', { message: 'Only administrators can request stats' });
  }
  // Statistics of one tenant, for its administrators and for platform administrators that chose it.
  const { tenant } = principal;
  const figures = tenant === null ? services.stats.collect() : services.tenantStats.of(tenant);
  connection.send({ type: 'stats', stats: await figures }, ref);
};
