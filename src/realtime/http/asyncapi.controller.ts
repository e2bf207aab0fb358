import { Get, Header, Req, UseGuards } from '@nestjs/common';
import type { AsyncApiDocument } from '../asyncapi/asyncapi-document.js';
import { RealtimeAsyncApi } from '../asyncapi/asyncapi.service.js';
import { AdminGuard } from './admin.guard.js';
import { RealtimeController } from './realtime-route.js';

/** The contract of the channels. For administrators, where the option `operatorApi` is on. */
@RealtimeController('realtime', 'asyncapi')
@UseGuards(AdminGuard)
export class AsyncApiController {
  constructor(private readonly asyncApi: RealtimeAsyncApi) {}

  /** The AsyncAPI 3 document of every registered channel. */
  @Get('asyncapi.json')
  @Header('Cache-Control', 'no-store')
  asyncapi(@Req() { headers, protocol }: { headers: { host?: string }; protocol: string }): AsyncApiDocument {
    return this.asyncApi.document({
      ...(headers.host === undefined ? {} : { host: headers.host }),
      protocol: protocol === 'https' ? 'wss' : 'ws',
    });
  }
}
