import { ProtocolError } from '../../../protocol/index.js';
import type { Command } from './command.js';

/** `{"type":"stats"}`: answers with statistics of this instance and of the cluster. For admins only. */
export const stats: Command<'stats'> = {
  cost: () => 16_384,
  run: async (services, connection, { ref }) => {
    const { principal } = connection;
    if (principal?.isAdmin !== true) {
      throw new ProtocolError('forbidden', { message: 'Only administrators can request stats' });
    }
    if (principal.channels !== undefined) {
      throw new ProtocolError('forbidden', {
        message: 'The token is limited to channels: stats are about all of them',
      });
    }
    // Admins of a tenant, and platform admins who chose a tenant, receive the statistics of this tenant.
    const { tenant } = principal;
    const statistics = tenant === null ? services.stats.collect() : services.tenantStats.of(tenant);
    connection.send({ type: 'stats', stats: await statistics }, ref);
  },
};
