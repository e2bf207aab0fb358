import {
  Header,
  HttpException,
  Post,
  Req,
  ServiceUnavailableException,
  UnauthorizedException,
  UseGuards,
} from '@nestjs/common';
import type { IncomingHttpHeaders } from 'node:http';
import { AuthService } from '../auth/auth.service.js';
import { Tickets, type Ticket } from '../auth/tickets.js';
import { RealtimeUnavailableError } from '../publishing/errors.js';
import { bearerOf } from './bearer.js';
import { Documented } from './documented.js';
import { DrainingGuard } from './draining.guard.js';
import { ticketShape } from './operator-shapes.js';
import { RealtimeController } from './realtime-route.js';
import { MAX_TICKETS_PER_MINUTE, TicketLimit } from './ticket-limit.js';

/** Issues one-time tickets for `/ws?ticket=…`, so that URLs contain no tokens. */
@RealtimeController('realtime/tickets', 'tickets')
@UseGuards(DrainingGuard)
export class TicketsController {
  constructor(
    private readonly auth: AuthService,
    private readonly tickets: Tickets,
    private readonly limit: TicketLimit,
  ) {}

  /**
   * Answers `Authorization: Bearer …` with `{ ticket, expiresAt }`. A ticket connects once, within 30 s, with the
   * permissions of the token.
   */
  @Post()
  @Header('Cache-Control', 'no-store')
  @Documented({
    summary: 'A ticket for `/ws?ticket=…`: valid once, for 30 s',
    description: 'For every client with a token.',
    status: 201,
    answer: ticketShape,
    refusals: [429, 503],
  })
  async issue(@Req() { headers }: { headers: IncomingHttpHeaders }): Promise<Ticket> {
    const principal = await bearerOf(this.auth, headers);
    if (principal === null) throw new UnauthorizedException('Send a token: Authorization: Bearer …');
    if (!this.limit.allows(principal.userKey)) {
      throw new HttpException(`More than ${MAX_TICKETS_PER_MINUTE} tickets within a minute: try again later`, 429);
    }
    try {
      return await this.tickets.issue(principal);
    } catch (error) {
      if (error instanceof RealtimeUnavailableError) throw new ServiceUnavailableException(error.message);
      throw error;
    }
  }
}
