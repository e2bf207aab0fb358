import { Body, Controller, Get, HttpCode, Post, UnauthorizedException } from '@nestjs/common';
import type { User } from '../../realtime/index.js';
import type { UserRecord } from '../users/user.js';
import { UsersService } from '../users/users.service.js';
import { CurrentUser, SignedIn } from './access.js';
import { LoginDto } from './login.dto.js';
import { TokenService, type IssuedToken } from './token.service.js';

/** Signing in. */
@Controller('api/auth')
export class AuthController {
  constructor(
    private readonly users: UsersService,
    private readonly tokens: TokenService,
  ) {}

  /** `{ email, password }` → `{ token, user, expiresAt }`; 401 without saying which of them was wrong. */
  @Post('login')
  @HttpCode(200)
  async login(@Body() { email, password }: LoginDto): Promise<IssuedToken & { user: UserRecord }> {
    const user = await this.users.authenticate(email, password);
    if (user === null) throw new UnauthorizedException('The email or the password is wrong');
    return { ...this.tokens.issue(user), user };
  }

  /** Who the token says that this is. */
  @Get('me')
  @SignedIn()
  me(@CurrentUser() { userId, email, role }: User): { id: string; email: string | null; role: string } {
    return { id: userId, email, role };
  }
}
