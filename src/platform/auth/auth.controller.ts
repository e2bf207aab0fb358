import { Body, Controller, Get, HttpCode, Post, Req, Res, UnauthorizedException, UseGuards } from '@nestjs/common';
import type { Request, Response } from 'express';
import type { Principal, User } from '../../realtime/index.js';
import { PlatformConfig } from '../config/platform-config.js';
import type { UserRecord } from '../users/user.js';
import { UsersService } from '../users/users.service.js';
import { CurrentPrincipal, CurrentUser, SignedIn } from './access.js';
import { setConsoleCookie } from './console-cookie.js';
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
    private readonly config: PlatformConfig,
  ) {}

  /**
   * `{ email, password }` → `{ token, user, expiresAt }`. The 401 does not say whether the email or the password was
   * wrong. With the console, an administrator also gets a cookie for {@link ConsoleSessionController}.
   */
  @Post('login')
  @HttpCode(200)
  @UseGuards(SignInThrottle)
  async login(
    @Body() { email, password }: LoginDto,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<IssuedToken & { user: UserRecord }> {
    // Taken before the password check: if the password changes meanwhile, the change revokes this sign-in too.
    const startedAt = Date.now();
    const user = await this.users.authenticate(email, password);
    if (user === null) throw new UnauthorizedException('Wrong email or password');
    const issued = this.tokens.issue(user, undefined, startedAt);
    if (this.config.realtime.console === true) {
      // Another user can have signed in here before.
      setConsoleCookie(request, response, user.role === 'admin' ? issued.token : null);
    }
    return { ...issued, user };
  }

  /** Ends this session: revokes its token and closes its connections. */
  @Post('logout')
  @HttpCode(204)
  @SignedIn()
  async logout(
    @CurrentPrincipal() principal: Principal,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<void> {
    if (this.config.realtime.console === true) setConsoleCookie(request, response, null);
    await this.ended.endSession(principal);
  }

  /** Returns the user of the token. */
  @Get('me')
  @SignedIn()
  me(@CurrentUser() { userId, email, role }: User): { id: string; email: string | null; role: string } {
    return { id: userId, email, role };
  }
}
