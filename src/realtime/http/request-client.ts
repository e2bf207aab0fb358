import { Injectable } from '@nestjs/common';
import type { IncomingMessage } from 'node:http';
import type { Principal } from '../auth/principal.js';
import { ClientAddresses } from '../gateway/client-address.js';
import { ResolvedRealtimeOptions } from '../options/realtime-options.js';

/** What the requests of Express and Fastify have in common. */
export type HttpRequest = Pick<IncomingMessage, 'headers' | 'socket'>;

/** Finds who sent an HTTP request, for the audit log. */
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
