import { Get, NotFoundException } from '@nestjs/common';
import { RealtimeController } from './realtime-route.js';

/**
 * Maps the routes of the console, with the application's prefix. {@link ConsolePages} answers them before guards and
 * interceptors of the application. A request reaches a handler here only if the file does not exist.
 */
@RealtimeController('realtime', 'console')
export class ConsoleController {
  @Get('console')
  console(): never {
    throw new NotFoundException('Console file not found');
  }

  /** Human-readable view of the AsyncAPI document, a console page with a separate address. */
  @Get('asyncapi')
  contract(): never {
    throw new NotFoundException('Console file not found');
  }

  @Get('console/:name')
  asset(): never {
    throw new NotFoundException('Console file not found');
  }
}
