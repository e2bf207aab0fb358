import { Module } from '@nestjs/common';
import { ChannelPolicy, RealtimeModule, type CanSubscribe, type ChannelContext } from '../../../src/realtime/index.js';

/** Lets everybody in but to the first room. */
@ChannelPolicy('rooms:*')
class RoomPolicy implements CanSubscribe {
  canSubscribe({ channel }: ChannelContext): Promise<boolean> {
    return Promise.resolve(channel !== 'rooms:1');
  }
}

/** Channels under a policy, for what is measured of policies. */
@Module({ imports: [RealtimeModule.forFeature([{ name: 'rooms:{room}' }])], providers: [RoomPolicy] })
export class RoomsModule {}
