import { HttpException, HttpStatus, Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import type { Request, Response } from 'express';
import ipaddr from 'ipaddr.js';
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import { PlatformConfig } from '../config/platform-config.js';

/** The part of an address's sign-ins that may go to one account. */
const ACCOUNT_SHARE = 0.1;
/** The longest e-mail address, as `LoginDto` allows it. */
const MAX_EMAIL = 200;

/**
 * Limits sign-ins a minute: those from one address, and fewer of them to one account. More are answered 429 with
 * `Retry-After`, before a password is hashed.
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

/** The guard runs before the body is validated. */
function accountOf({ body }: Request): string {
  const email: unknown = (body as { email?: unknown } | undefined)?.email;
  return typeof email === 'string' ? email.slice(0, MAX_EMAIL).toLowerCase() : '';
}

/**
 * Returns the address, or of IPv6 its network of 64 bits: one client has all addresses of that. Some proxies add the port,
 * which is another one for each connection.
 */
export function networkOf(text: string): string {
  const address = /^\[(.+)\](?::\d+)?$/.exec(text)?.[1] ?? /^([\d.]+):\d+$/.exec(text)?.[1] ?? text;
  if (!ipaddr.isValid(address)) return text;
  const parsed = ipaddr.process(address);
  if (parsed instanceof ipaddr.IPv4) return parsed.toString();
  const groups = parsed.parts.slice(0, 4);
  return groups.map((group) => group.toString(16)).join(':');
}
