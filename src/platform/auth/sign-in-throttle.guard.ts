import { HttpException, HttpStatus, Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import type { Request, Response } from 'express';
import ipaddr from 'ipaddr.js';
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import { PlatformConfig } from '../config/platform-config.js';

/** Share of an address's sign-ins that can go to one account. */
const ACCOUNT_SHARE = 0.1;
/** Maximum length of an email address, as in `LoginDto`. */
const MAX_EMAIL = 200;

/**
 * Limits sign-ins per minute from one address, with a lower limit per account. Sign-ins above a limit get 429 with
 * `Retry-After`, before any password is hashed.
 */
@Injectable()
export class SignInThrottle implements CanActivate {
  private readonly byAddress: RateLimiterMemory;
  private readonly byAccount: RateLimiterMemory;

  constructor({ signInsPerMinute }: PlatformConfig) {
    this.byAddress = new RateLimiterMemory({ points: signInsPerMinute, duration: 60 });
    this.byAccount = new RateLimiterMemory({ points: Math.ceil(signInsPerMinute * ACCOUNT_SHARE), duration: 60 });
  }

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const http = context.switchToHttp();
    const request = http.getRequest<Request>();
    const network = networkOf(request.ip ?? '');
    try {
      await this.byAddress.consume(network);
      await this.byAccount.consume(`${network} ${accountOf(request)}`);
      return true;
    } catch (error) {
      if (!(error instanceof RateLimiterRes)) throw error;
      http.getResponse<Response>().set('Retry-After', String(Math.ceil(error.msBeforeNext / 1_000)));
      throw new HttpException('Too many sign-ins: try again later', HttpStatus.TOO_MANY_REQUESTS);
    }
  }
}

/** Reads the email from a body that is not validated yet: guards run before pipes. */
function accountOf({ body }: Request): string {
  const email: unknown = (body as { email?: unknown } | undefined)?.email;
  return typeof email === 'string' ? email.slice(0, MAX_EMAIL).toLowerCase() : '';
}

/**
 * Returns an IPv4 address as is, and the /64 network of an IPv6 address, because one client can use all addresses of
 * its /64. Removes the port that some proxies append, because it differs for each connection.
 */
export function networkOf(text: string): string {
  const address = /^\[(.+)\](?::\d+)?$/.exec(text)?.[1] ?? /^([\d.]+):\d+$/.exec(text)?.[1] ?? text;
  if (!ipaddr.isValid(address)) return text;
  const parsed = ipaddr.process(address);
  if (parsed instanceof ipaddr.IPv4) return parsed.toString();
  const groups = parsed.parts.slice(0, 4);
  return groups.map((group) => group.toString(16)).join(':');
}
