import { Body, Controller, Get, HttpCode, Post, UnauthorizedException, UseGuards } from '@nestjs/common';
import type { Principal, User } from '../../realtime/index.js';
import type { UserRecord } from '../users/user.js';
import { UsersService } from '../users/users.service.js';
import { CurrentPrincipal, CurrentUser, SignedIn } from './access.js';
import { EndedSessions } from './ended-sessions.service.js';
import { LoginDto } from './login.dto.js';
import { SignInThrottle } from './sign-in-throttle.guard.js';
import { TokenService, type IssuedToken } from './token.service.js';

/** Signs users in and out. */
@Controller('api/auth')
export class AuthController {
  constructor(
    private readonly users: UsersService,
    private readonly tokens: TokenService,
    private readonly ended: EndedSessions,
  ) {}

  /**
   * `{ email, password }` → `{ token, user, expiresAt }`. The 401 does not say whether the email or the password was
   * wrong.
   */
  @Post('login')
  @HttpCode(200)
  @UseGuards(SignInThrottle)
  async login(@Body() { email, password }: LoginDto): Promise<IssuedToken & { user: UserRecord }> {
    // Taken before the password check: if the password changes meanwhile, the change revokes this sign-in too.
    const startedAt = Date.now();
    const user = await this.users.authenticate(email, password);
    if (user === null) throw new UnauthorizedException('Wrong email or password');
    return { ...this.tokens.issue(user, undefined, startedAt), user };
  }

  /** Ends this session: revokes its token and closes its connections. */
  @Post('logout')
  @HttpCode(204)
  @SignedIn()
  async logout(@CurrentPrincipal() principal: Principal): Promise<void> {
    await this.ended.endSession(principal);
  }

  /** Returns the user of the token. */
  @Get('me')
  @SignedIn()
  me(@CurrentUser() { userId, email, role }: User): { id: string; email: string | null; role: string } {
    return { id: userId, email, role };
  }
}
