import type { IncomingMessage } from 'node:http';
import { ProtocolError, type CloseName, type ErrorCode } from '../../protocol/index.js';
import type { AuthService } from '../auth/auth.service.js';
import type { Principal } from '../auth/principal.js';
import { LogLimiter } from '../observability/log-limiter.js';
import { SafeLogger } from '../observability/safe-logger.js';
import type { ResolvedRealtimeOptions } from '../options/realtime-options.js';
import { withTimeout } from '../timing/with-timeout.js';
import { OriginPolicy } from './origin-policy.js';

/** Error that is sent after the upgrade, before the connection is closed. */
export interface Refusal {
  readonly code: ErrorCode;
  /** Defaults to the message of the catalogue. */
  readonly message?: string;
  readonly close: CloseName;
}

/** Principal of a handshake, or the reason for a refusal. */
export type Identity = { readonly principal: Principal | null } | Refusal;

/** Close reasons by error code. All other codes close with `unauthorized`. */
const CLOSES: { readonly [C in ErrorCode]?: CloseName } = { unavailable: 'unavailable', forbidden: 'accessRevoked' };

/** Checks the origin of a handshake and authenticates its client. */
export class HandshakeAuthenticator {
  private readonly origins: OriginPolicy;
  private readonly log = new LogLimiter(new SafeLogger('Realtime'));

  constructor(
    private readonly auth: AuthService,
    private readonly options: ResolvedRealtimeOptions,
  ) {
    this.origins = new OriginPolicy(options);
  }

  /** Never rejects. @returns `null` if authentication took longer than `handshakeTimeoutMs` */
  async authenticate(request: IncomingMessage): Promise<Identity | 'foreignOrigin' | null> {
    try {
      return await withTimeout(this.identify(request), this.options.handshakeTimeoutMs, () => null);
    } catch (error) {
      if (error instanceof ProtocolError) {
        return { code: error.code, message: error.message, close: CLOSES[error.code] ?? 'unauthorized' };
      }
      this.log.error('identify', 'Identifying a client failed', error);
      return { code: 'internal', close: 'internal' };
    }
  }

  private async identify(request: IncomingMessage): Promise<Identity | 'foreignOrigin'> {
    if (!(await this.origins.allows(request))) return 'foreignOrigin';
    return { principal: await this.auth.identifyClient(request) };
  }
}
