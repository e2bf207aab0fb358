import { Module, type DynamicModule } from '@nestjs/common';
import { randomBytes } from 'node:crypto';
import { RealtimeModule, type RealtimeOptions } from '../../realtime/index.js';

/** Limits that no test reaches: it connects and asks faster than a client does, on machines that are busy. */
const NO_LIMITS = { framesPerSecond: 100_000, handshakesPerSecondPerUser: 1_000_000, maxEventLoopDelayMs: 3_600_000 };

/**
 * The real module for tests of feature modules: in memory, with a secret of its own, for every origin, and for clients
 * that ask as fast as a test does. Nothing is mocked.
 * An application that is tested whole imports its own `RealtimeModule`, and needs this one not: see `RealtimeTesting.of`.
 */
@Module({})
export class RealtimeTestingModule {
  /** @param options whatever should be otherwise, `redis` too. @throws RealtimeOptionsError at start, as `RealtimeModule.forRoot` does */
  static forRoot(options: Partial<RealtimeOptions> = {}): DynamicModule {
    const secret = randomBytes(32).toString('hex');
    return {
      module: RealtimeTestingModule,
      imports: [RealtimeModule.forRoot({ jwt: { secret }, origins: ['*'], ...NO_LIMITS, ...options })],
      exports: [RealtimeModule],
    };
  }
}
