import { HttpException, Injectable } from '@nestjs/common';
import type { IncomingMessage } from 'node:http';
import type { AuditLog } from '../gateway/audit/audit-log.service.js';
import type { RequestRefusal } from '../gateway/audit/realtime-audit.js';
import type { Principal } from '../auth/principal.js';
import { ClientAddresses } from '../gateway/client-address.js';
import { ResolvedRealtimeOptions } from '../options/realtime-options.js';

/** The part that requests of Express and Fastify have in common. */
export type HttpRequest = Pick<IncomingMessage, 'headers' | 'socket' | 'url'>;

/** `cause` of an exception that refuses a request. It is written into the audit log. */
export interface RefusalCause {
  readonly code: RequestRefusal;
  /** The user, if the token was valid. */
  readonly principal?: Principal;
}

/** Maximum length of a path in a log entry, in characters. */
const MAX_PATH = 256;

/** Identifies the client of an HTTP request, for the audit log. */
@Injectable()
export class RequestClients {
  private readonly addresses: ClientAddresses;

  constructor({ trustedProxies }: ResolvedRealtimeOptions) {
    this.addresses = new ClientAddresses(trustedProxies);
  }

  of(
    request: HttpRequest,
    principal: Principal | null,
  ): { readonly address: string; readonly principal: Principal | null } {
    return { address: this.addresses.of(request).address, principal };
  }
}

/** Runs `admit`. A refusal with a {@link RefusalCause} is written into the audit log and thrown again. */
export async function refusedWith<T>(
  auditLog: AuditLog,
  clients: RequestClients,
  request: HttpRequest,
  admit: () => Promise<T>,
): Promise<T> {
  try {
    return await admit();
  } catch (error) {
    const cause = error instanceof HttpException ? (error.cause as Partial<RefusalCause> | undefined) : undefined;
    if (cause?.code !== undefined) {
      const [path = ''] = (request.url ?? '').split('?');
      auditLog.requestRefused(clients.of(request, cause.principal ?? null), path.slice(0, MAX_PATH), cause.code);
    }
    throw error;
  }
}
