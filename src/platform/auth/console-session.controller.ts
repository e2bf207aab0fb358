import { Controller, ForbiddenException, HttpStatus, Post, Req, Res, UnauthorizedException } from '@nestjs/common';
import type { Request, Response } from 'express';
import { AuthService, bearerOf } from '../../realtime/index.js';
import { CONSOLE_SESSION_PATH } from '../config/platform-config.js';
import { readConsoleCookie, setConsoleCookie } from './console-cookie.js';

/** Gives the console the token of an administrator who has signed in to the platform. */
@Controller(CONSOLE_SESSION_PATH)
export class ConsoleSessionController {
  constructor(private readonly auth: AuthService) {}

  /** `{ token }`; 204 if no administrator is signed in. A page of another site is refused. */
  @Post()
  async token(
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<{ token: string } | undefined> {
    if ((request.headers['sec-fetch-site'] ?? 'same-origin') !== 'same-origin') {
      throw new ForbiddenException('Only pages of this host can do this');
    }
    const token = readConsoleCookie(request);
    if (token !== null && (await this.isOfAdmin(token))) {
      response.status(HttpStatus.OK);
      return { token };
    }
    if (token !== null) setConsoleCookie(request, response, null);
    response.status(HttpStatus.NO_CONTENT);
    return undefined;
  }

  private async isOfAdmin(token: string): Promise<boolean> {
    try {
      const principal = await bearerOf(this.auth, { authorization: `Bearer ${token}` });
      return principal?.isAdmin === true;
    } catch (error) {
      if (error instanceof UnauthorizedException) return false; // expired, or the session was ended
      throw error;
    }
  }
}
