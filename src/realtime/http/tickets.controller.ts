import {
  Controller,
  Header,
  HttpException,
  Post,
  Req,
  ServiceUnavailableException,
  UnauthorizedException,
} from '@nestjs/common';
import type { IncomingHttpHeaders } from 'node:http';
import { AuthService } from '../auth/auth.service.js';
import { Tickets, type Ticket } from '../auth/tickets.js';
import { RealtimeUnavailableError } from '../publishing/errors.js';
import { Strikes } from '../connections/strikes.js';
import { bearerOf } from './bearer.js';

/** Tickets that one user may ask an instance for within a minute. */
export const MAX_TICKETS_PER_MINUTE = 60;
const MINUTE_MS = 60_000;
/** Users whose tickets are counted at a time. */
const MAX_COUNTED = 10_000;

/** One-time tickets for `/ws?ticket=…`, so that no token stands in a URL. */
@Controller('realtime/tickets')
export class TicketsController {
  private readonly asked = new Map<string, Strikes>();

  constructor(
    private readonly auth: AuthService,
    private readonly tickets: Tickets,
  ) {}

  /** With `Authorization: Bearer …` → `{ ticket, expiresAt }`. The ticket connects once, within 30 s, as that token would. */
  @Post()
  @Header('Cache-Control', 'no-store')
  async issue(@Req() { headers }: { headers: IncomingHttpHeaders }): Promise<Ticket> {
    const principal = await bearerOf(this.auth, headers);
    if (principal === null) throw new UnauthorizedException('Bring a token: Authorization: Bearer …');
    if (this.isOneTooMany(principal.userKey)) {
      throw new HttpException(`More than ${MAX_TICKETS_PER_MINUTE} tickets within a minute: wait a little`, 429);
    }
    try {
      return await this.tickets.issue(principal);
    } catch (error) {
      if (error instanceof RealtimeUnavailableError) throw new ServiceUnavailableException(error.message);
      throw error;
    }
  }

  private isOneTooMany(userKey: string): boolean {
    const strikes = this.asked.get(userKey) ?? new Strikes(MAX_TICKETS_PER_MINUTE, MINUTE_MS);
    this.asked.delete(userKey); // so that whoever asked longest ago is forgotten first
    this.asked.set(userKey, strikes);
    if (this.asked.size > MAX_COUNTED) this.asked.delete(this.asked.keys().next().value!);
    return strikes.add(performance.now());
  }
}
