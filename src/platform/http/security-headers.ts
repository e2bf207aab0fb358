import type { NextFunction, Request, Response } from 'express';

/** Pages load only our own files, and no site can embed them. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'", // same-origin WebSockets included
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const HEADERS = {
  'Content-Security-Policy': CONTENT_SECURITY_POLICY,
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
};

/** Sets the security headers on every response, and forbids caching of API responses. */
export function securityHeaders(request: Request, response: Response, next: NextFunction): void {
  response.set(HEADERS);
  if (request.path.startsWith('/api/')) response.set('Cache-Control', 'no-store');
  next();
}
