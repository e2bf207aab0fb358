import { ConsoleLogger } from '@nestjs/common';
import { LOG_LEVELS } from '../config/platform-config.js';

/** What Nest tells of its own start, which would bury everything else. */
const OF_NEST = new Set([
  'InstanceLoader',
  'NestApplication',
  'NestFactory',
  'RouterExplorer',
  'RoutesResolver',
  'WebSocketsController',
]);

/** Logs to the console, from a level up; Nest's own routine only at `debug` and below. */
export class PlatformLogger extends ConsoleLogger {
  private readonly showsRoutine: boolean;

  constructor(level: (typeof LOG_LEVELS)[number]) {
    super({ logLevels: LOG_LEVELS.slice(0, LOG_LEVELS.indexOf(level) + 1) });
    this.showsRoutine = this.isLevelEnabled('debug');
  }

  override log(message: unknown, ...rest: unknown[]): void {
    const context = rest.at(-1);
    if (!this.showsRoutine && typeof context === 'string' && OF_NEST.has(context)) return;
    super.log(message, ...rest);
  }
}
