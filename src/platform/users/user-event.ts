import { Expose } from 'class-transformer';
import { IsEmail, IsOptional, IsString } from 'class-validator';
import { ExposeToUser, type ChannelDefinition } from '../../realtime/index.js';

/**
 * Event of `users:created` and `users:updated`. Every user can subscribe; only the user itself and admins receive the
 * email address.
 */
class UserEvent {
  @IsString()
  id!: string;

  @IsOptional()
  @IsEmail()
  @Expose({ groups: ['admin'] })
  @ExposeToUser('id')
  email?: string;
}

export const USER_CHANNELS: readonly ChannelDefinition[] = [
  { name: 'users:created', data: UserEvent },
  { name: 'users:updated', data: UserEvent },
];
