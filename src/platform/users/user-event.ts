import { Expose } from 'class-transformer';
import { IsEmail, IsOptional, IsString } from 'class-validator';
import { ExposeToUser, type ChannelDefinition } from '../../realtime/index.js';

/** Events of `users:created` and `users:updated`. The channels are open to every user; the e-mail address of a user is for it and for administrators. */
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
