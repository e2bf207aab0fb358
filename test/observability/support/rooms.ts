import { Module } from '@nestjs/common';
import { ChannelPolicy, RealtimeModule, type CanSubscribe, type ChannelContext } from '../../../src/realtime/index.js';

/** Allows every room except the first. */
@ChannelPolicy('rooms:*')
class RoomPolicy implements CanSubscribe {
  canSubscribe({ channel }: ChannelContext): Promise<boolean> {
    return Promise.resolve(channel !== 'rooms:1');
  }
}

/** Channels with a policy, for the metrics of policies. */
@Module({ imports: [RealtimeModule.forFeature([{ name: 'rooms:{room}' }])], providers: [RoomPolicy] })
export class RoomsModule {}
