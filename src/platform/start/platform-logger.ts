import { ConsoleLogger, type LogLevel } from '@nestjs/common';
import { toLogError, toLogLine } from '../../realtime/index.js';
import { LOG_LEVELS } from '../config/platform-config.js';

/** Contexts of Nest's own startup messages, which would bury everything else. */
const OF_NEST = new Set([
  'InstanceLoader',
  'NestApplication',
  'NestFactory',
  'RouterExplorer',
  'RoutesResolver',
  'WebSocketsController',
]);

/** Logs to the console from a minimum level. Nest's startup messages appear at `debug` and below only. */
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

  /** Prints every log message of the process. Strings from outside cannot start a new log line. */
  protected override printMessages(
    messages: unknown[],
    context?: string,
    logLevel?: LogLevel,
    stream?: 'stdout' | 'stderr',
    errorStack?: unknown,
  ): void {
    super.printMessages(messages.map(safe), context, logLevel, stream, errorStack);
  }

  protected override printStackTrace(stack: string): void {
    const [first = '', ...rest] = stack.split('\n');
    const frames = rest.filter((line) => /^ {4}at /.test(line));
    super.printStackTrace([first, ...frames].map(toLogLine).join('\n'));
  }
}

function safe(message: unknown): unknown {
  return typeof message === 'string' ? toLogLine(message) : toLogError(message);
}
