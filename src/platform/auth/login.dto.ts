import { IsString, Length } from 'class-validator';

/** `POST /api/auth/login` */
export class LoginDto {
  @IsString()
  @Length(1, 200)
  email!: string;

  @IsString()
  @Length(1, 200)
  password!: string;
}
