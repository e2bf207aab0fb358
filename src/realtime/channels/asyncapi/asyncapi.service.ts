import { Injectable } from '@nestjs/common';
import { ChannelCatalogue } from '../channel-catalogue.js';
import { ResolvedRealtimeOptions } from '../../options/realtime-options.js';
import { asyncApiDocument, type AsyncApiDocument, type AsyncApiInfo } from './asyncapi-document.js';

/**
 * Describes the channels of this application as AsyncAPI 3. Used by `GET /realtime/asyncapi.json` and by build scripts.
 * @hideconstructor
 */
@Injectable()
export class RealtimeAsyncApi {
  constructor(
    private readonly catalogue: ChannelCatalogue,
    private readonly options: ResolvedRealtimeOptions,
  ) {}

  /** Returns the AsyncAPI document of all registered channels, including the built-in ones. */
  document(info?: AsyncApiInfo): AsyncApiDocument {
    return asyncApiDocument(this.catalogue, this.options.path, info);
  }
}
