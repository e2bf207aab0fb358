import { Injectable } from '@nestjs/common';
import { SlidingWindowLimit } from '../connections/sliding-window-limit.js';

/** Tickets that an instance issues to one user within a minute. */
export const MAX_TICKETS_PER_MINUTE = 60;
const MINUTE_MS = 60_000;
/** Users whose tickets are counted at a time. */
const MAX_COUNTED = 10_000;

/**
 * Counts the tickets of each user. It is apart from the controller, because Nest creates controllers again for each
 * request if the application has a request-scoped global guard, pipe or interceptor.
 */
@Injectable()
export class TicketLimit {
  private readonly asked = new Map<string, SlidingWindowLimit>();

  /** Counts one more ticket. @returns false if that is one too many */
  allows(userKey: string): boolean {
    const limit = this.asked.get(userKey) ?? new SlidingWindowLimit(MAX_TICKETS_PER_MINUTE, MINUTE_MS);
    this.asked.delete(userKey); // the user who asked longest ago is forgotten first
    this.asked.set(userKey, limit);
    if (this.asked.size > MAX_COUNTED) this.asked.delete(this.asked.keys().next().value!);
    return !limit.isExceeded(performance.now());
  }
}
