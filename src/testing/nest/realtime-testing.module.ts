import { Module, type DynamicModule } from '@nestjs/common';
import { randomBytes } from 'node:crypto';
import { RealtimeModule, type RealtimeOptions } from '../../realtime/index.js';

/**
 * The real module for tests of feature modules: in memory, with a secret of its own, for every origin. Nothing is mocked.
 * An application that is tested whole imports its own `RealtimeModule`, and needs this one not: see `RealtimeTesting.of`.
 */
@Module({})
export class RealtimeTestingModule {
  /** @param options whatever should be otherwise */
  static forRoot(options: Partial<RealtimeOptions> = {}): DynamicModule {
    const secret = randomBytes(32).toString('hex');
    return {
      module: RealtimeTestingModule,
      imports: [RealtimeModule.forRoot({ jwt: { secret }, origins: ['*'], ...options })],
      exports: [RealtimeModule],
    };
  }
}
