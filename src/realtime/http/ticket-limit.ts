import { Injectable } from '@nestjs/common';
import { SlidingWindowLimit } from '../connections/sliding-window-limit.js';

/** Maximum number of tickets that an instance issues to one user within a minute. */
export const MAX_TICKETS_PER_MINUTE = 60;
const MINUTE_MS = 60_000;
/** Maximum number of users whose tickets are counted. */
const MAX_COUNTED = 10_000;

/**
 * Counts the tickets of each user. It is separate from the controller, because Nest creates controllers again for each
 * request if the application has a request-scoped global guard, pipe or interceptor.
 */
@Injectable()
export class TicketLimit {
  private readonly requests = new Map<string, SlidingWindowLimit>();

  /** Counts a ticket. @returns false if the limit is exceeded */
  allows(userKey: string): boolean {
    const limit = this.requests.get(userKey) ?? new SlidingWindowLimit(MAX_TICKETS_PER_MINUTE, MINUTE_MS);
    this.requests.delete(userKey); // the user with the oldest request is forgotten first
    this.requests.set(userKey, limit);
    if (this.requests.size > MAX_COUNTED) this.requests.delete(this.requests.keys().next().value!);
    return !limit.isExceeded(performance.now());
  }
}
