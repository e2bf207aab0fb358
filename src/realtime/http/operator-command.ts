import { BadRequestException, ConflictException, ServiceUnavailableException } from '@nestjs/common';
import { RevocationsFullError } from '../auth/revocation.js';
import type { ControlResult } from '../cluster/control/control-bus.js';
import { SubscriptionsFullError } from '../cluster/subscriptions/stored-subscriptions.js';
import { RealtimeUnavailableError } from '../publishing/errors.js';
import { Accepted } from './direct-reply.interceptor.js';

/** Answers 202 if an instance did not confirm. */
export function done<Answer extends Pick<ControlResult, 'missing'>>(answer: Answer): Answer | Accepted {
  return answer.missing.length > 0 ? new Accepted(answer) : answer;
}

/**
 * @throws ServiceUnavailableException if the command cannot be sent, or the revocation cannot be stored
 * @throws BadRequestException for an invalid time of a revocation, or an unknown channel
 * @throws ConflictException if a user has too many subscriptions by the server
 */
export async function runCommand<Result extends ControlResult>(send: () => Promise<Result>): Promise<Result> {
  try {
    return await send();
  } catch (error) {
    if (error instanceof RangeError) throw new BadRequestException(error.message);
    if (error instanceof SubscriptionsFullError) throw new ConflictException(error.message);
    if (error instanceof RealtimeUnavailableError || error instanceof RevocationsFullError) {
      throw new ServiceUnavailableException(error.message);
    }
    throw error;
  }
}
