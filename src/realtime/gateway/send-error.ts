import { ERROR_CODES, ProtocolError } from '../../protocol/index.js';
import type { Connection } from '../connections/connection.js';
import { fieldsOf } from '../observability/log-fields.js';
import { LogLimiter } from '../observability/log-limiter.js';
import { SafeLogger } from '../observability/safe-logger.js';

const log = new LogLimiter(new SafeLogger('Realtime'));

/**
 * Sends an `error` frame. An error that is not a `ProtocolError` is a server error: it is logged, and the client receives
 * only `internal`.
 */
export function sendError(
  connection: Connection,
  error: unknown,
  about: { channel?: string; ref?: string | undefined; callId?: string | undefined } = {},
): void {
  if (!(error instanceof ProtocolError)) {
    const user = connection.principal?.user.userId;
    const fields = fieldsOf({ connection: connection.id, user, channel: about.channel });
    log.error('frame', `A frame could not be handled${fields}`, error);
  }
  const {
    code,
    message,
    details,
    channel = about.channel,
  } = error instanceof ProtocolError
    ? error
    : { code: 'internal' as const, message: ERROR_CODES.internal.message, details: undefined };
  connection.send(
    {
      type: 'error',
      code,
      message,
      ...(channel === undefined ? {} : { channel }),
      ...(details === undefined ? {} : { details }),
      ...(about.callId === undefined ? {} : { callId: about.callId }),
    },
    about.ref,
  );
}
