import { Get, NotFoundException } from '@nestjs/common';
import { RealtimeController } from './realtime-route.js';

/**
 * The addresses of the console: Nest maps them, with the application's prefix. {@link ConsolePages} answers them before
 * the application's guards and interceptors; what reaches a handler here has no file.
 */
@RealtimeController('realtime', 'console')
export class ConsoleController {
  @Get('console')
  console(): never {
    throw new NotFoundException('Console file not found');
  }

  /** The AsyncAPI document for humans: a view of the console with a separate address. */
  @Get('asyncapi')
  contract(): never {
    throw new NotFoundException('Console file not found');
  }

  @Get('console/:name')
  asset(): never {
    throw new NotFoundException('Console file not found');
  }
}
