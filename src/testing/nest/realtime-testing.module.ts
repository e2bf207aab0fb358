import { Module, type DynamicModule } from '@nestjs/common';
import { randomBytes } from 'node:crypto';
import { RealtimeModule, type RealtimeOptions } from '../../realtime/index.js';

/** Limits that no test reaches: tests send faster than real clients, on busy machines. */
const NO_LIMITS = { framesPerSecond: 100_000, handshakesPerSecondPerUser: 1_000_000, maxEventLoopDelayMs: 3_600_000 };

/**
 * The real module for tests of feature modules: in memory, with a random secret, all origins allowed, and without rate
 * limits. Nothing is mocked.
 * Tests of a whole application use its `RealtimeModule` instead: see `RealtimeTesting.of`.
 */
@Module({})
export class RealtimeTestingModule {
  /**
   * @param options overrides, also of `redis`. @throws RealtimeOptionsError at startup, like `RealtimeModule.forRoot`
   */
  static forRoot(options: Partial<RealtimeOptions> = {}): DynamicModule {
    const secret = randomBytes(32).toString('hex');
    return {
      module: RealtimeTestingModule,
      imports: [RealtimeModule.forRoot({ jwt: { secret }, origins: ['*'], ...NO_LIMITS, ...options })],
      exports: [RealtimeModule],
    };
  }
}
