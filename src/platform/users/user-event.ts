import { Expose } from 'class-transformer';
import { IsEmail, IsOptional } from 'class-validator';
import type { ChannelDefinition } from '../../realtime/index.js';

/** Events of `users:created` and `users:updated`. The channels are open to every user; e-mail addresses are not. */
class UserEvent {
  @IsOptional()
  @IsEmail()
  @Expose({ groups: ['admin'] })
  email?: string;
}

export const USER_CHANNELS: readonly ChannelDefinition[] = [
  { name: 'users:created', data: UserEvent },
  { name: 'users:updated', data: UserEvent },
];
