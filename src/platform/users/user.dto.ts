import { IsEmail, IsIn, IsOptional, MaxLength } from 'class-validator';
import { Name, Text } from '../http/text.js';

export const ROLES = ['admin', 'user'] as const;

/** `POST /api/users` */
export class CreateUserDto {
  @IsEmail()
  @MaxLength(200)
  email!: string;

  @Name(100)
  name!: string;

  /** 8 to 200 characters. */
  @Text(8, 200)
  password!: string;

  /** @default 'user' */
  @IsIn(ROLES)
  role: (typeof ROLES)[number] = 'user';
}

/** `PATCH /api/users/:id`: fields that are not given keep their values. */
export class UpdateUserDto {
  @IsOptional()
  @IsEmail()
  @MaxLength(200)
  email?: string;

  @IsOptional()
  @Name(100)
  name?: string;

  @IsOptional()
  @Text(8, 200)
  password?: string;

  @IsOptional()
  @IsIn(ROLES)
  role?: (typeof ROLES)[number];
}

/** `POST /api/users/:id/notify` */
export class NotifyDto {
  @Text(1, 1_000)
  message!: string;
}
