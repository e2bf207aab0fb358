import { Injectable } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { ChannelCatalogue } from '../channel-catalogue.js';
import { ResolvedRealtimeOptions } from '../../options/realtime-options.js';
import { messageTypesOf } from './message-types.js';
import { CommandDescriptions } from './command-descriptions.js';
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
    private readonly modules: ModulesContainer,
    private readonly commands: CommandDescriptions,
  ) {}

  /**
   * Returns the AsyncAPI document of all registered channels, including the built-in ones, and of the message types that the
   * application adds with `@SubscribeMessage`, and of its commands.
   */
  document(info?: AsyncApiInfo): AsyncApiDocument {
    const { path } = this.options;
    return asyncApiDocument(this.catalogue, path, info, messageTypesOf(this.modules, path), this.commands.all());
  }
}
