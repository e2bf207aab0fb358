import { ProtocolError } from '../../../protocol/index.js';
import type { Principal } from '../../auth/principal.js';
import { MAX_REFUSED_AUTHS } from '../../connections/connection.js';
import { isWithinConnectionLimits } from '../connection-limits.js';
import { sendAuthenticated, sendConnected } from '../send-connected.js';
import { sendError } from '../send-error.js';
import type { Command } from './command.js';

/**
 * `{"type":"auth",…}`: authenticates the connection, or renews the token of the same user. The third failure in a row
 * closes the connection.
 */
export const auth: Command<'auth'> = {
  cost: () => 4_096,
  run: async (services, connection, { token, ref }) => {
    let principal: Principal;
    const waitMs = services.renewals.take(connection, services.clock.now());
    if (waitMs > 0) {
      const message = `Too many renewals of the token: try again in ${Math.ceil(waitMs / 1_000)} s`;
      sendError(connection, new ProtocolError('rate_limited', { message }), { ref });
      return;
    }
    try {
      principal = services.auth.assertActive(await services.auth.verifyClient(token, connection.namedTenant));
      const current = connection.principal?.userKey;
      if (current !== undefined && current !== principal.userKey) {
        throw new ProtocolError('forbidden', { message: 'This connection belongs to another user: open a new one' });
      }
    } catch (error) {
      sendError(connection, error, { ref });
      services.auditLog.refused(codeOf(error), connection, connection.id);
      if (error instanceof ProtocolError && error.code === 'unavailable') return; // not the client's fault
      connection.refusedAuths += 1;
      if (connection.refusedAuths >= MAX_REFUSED_AUTHS) connection.close('unauthorized');
      return;
    }
    if (connection.closing) return;
    connection.refusedAuths = 0;
    if (connection.principal === null && !isWithinConnectionLimits(services.registry, services.options, principal)) {
      sendError(connection, new ProtocolError('too_many_connections'), { ref });
      services.auditLog.refused('too_many_connections', { address: connection.address, principal }, connection.id);
      connection.close('tooManyConnections');
      return;
    }
    const isNew = connection.principal === null;
    services.registry.identify(connection, principal);
    services.auditLog.identified(connection);
    if (connection.awaitsAuth) {
      connection.authDeadline = Infinity;
      sendConnected(services, connection, ref);
      services.serverSubscriptions.onConnected(connection);
      return;
    }
    sendAuthenticated(services, connection, ref);
    if (isNew) services.serverSubscriptions.onConnected(connection);
    await services.reauthorization.onTokenRenewed(connection);
  },
};

function codeOf(error: unknown): string {
  return error instanceof ProtocolError ? error.code : 'internal';
}
