import { Get, Header, Req, UseGuards } from '@nestjs/common';
import type { AsyncApiDocument } from '../channels/asyncapi/asyncapi-document.js';
import { RealtimeAsyncApi } from '../channels/asyncapi/asyncapi.service.js';
import { AdminGuard } from './admin.guard.js';
import { Audited } from './documented.js';
import { asyncApiShape } from './operator-shapes.js';
import { RealtimeController } from './realtime-route.js';

/** Serves the AsyncAPI document. For admins, with the option `operatorApi`. */
@RealtimeController('realtime', 'asyncapi')
@UseGuards(AdminGuard)
export class AsyncApiController {
  constructor(private readonly asyncApi: RealtimeAsyncApi) {}

  /** Returns the AsyncAPI 3 document of all registered channels. */
  @Get('asyncapi.json')
  @Header('Cache-Control', 'no-store')
  @Audited({
    summary: 'All channels, their access and their event schemas, as an AsyncAPI 3 document',
    answer: asyncApiShape,
  })
  asyncapi(@Req() { headers, protocol }: { headers: { host?: string }; protocol: string }): AsyncApiDocument {
    return this.asyncApi.document({
      ...(headers.host === undefined ? {} : { host: headers.host }),
      protocol: protocol === 'https' ? 'wss' : 'ws',
    });
  }
}
