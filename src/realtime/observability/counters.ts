import { Injectable } from '@nestjs/common';

/** What this instance has done since it started. Plain numbers, added to in place. */
@Injectable()
export class Counters {
  /** Events that `emit` acknowledged here. */
  published = 0;
  /** Events written to a connection here, one for each that got it. */
  delivered = 0;
  /** Connections closed because they read too slowly. */
  slowConsumersClosed = 0;
  /** Upgrades refused because their page is of a site that is not allowed. */
  originsRefused = 0;
  /** `performance.now()` of the start. */
  readonly startedAt = performance.now();
}
