import { Injectable, type Type } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { ResolvedRealtimeOptions } from '../options/realtime-options.js';
import { readConsole, type ConsoleFile, type ConsoleFiles } from './console-files.js';
import { routeOf } from './realtime-route.js';

/** Runs only the console's files, connects only to its own host, and forbids frames. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
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

/** Settings in the built page, with the values that {@link ConsolePages} replaces. */
const PLACEHOLDERS = { path: '/ws', session: '', tenants: 'false' } as const;

type Request = IncomingMessage & { readonly originalUrl?: string };

/**
 * Serves the page and the files of the console, if the option `console` is on. It is a middleware: guards and
 * interceptors of the application do not see these requests, so an envelope cannot wrap a page. The files are the same
 * for every user and hold no data; {@link AdminGuard} protects what the console shows.
 */
@Injectable()
export class ConsolePages {
  private files: ConsoleFiles | null = null;

  constructor(
    private readonly options: ResolvedRealtimeOptions,
    private readonly modules: ModulesContainer,
  ) {}

  /** Controllers of the console's routes; empty if the console is disabled. */
  get controllers(): Type<object>[] {
    const controllers = [...this.modules.values()].flatMap((module) => [...module.controllers.keys()]);
    return controllers.filter((controller): controller is Type<object> => routeOf(controller) === 'console');
  }

  readonly serve = (request: Request, response: ServerResponse, next: () => void): void => {
    if (request.method !== 'GET' && request.method !== 'HEAD') return next();
    // Not parsed as a URL, because a client can send an invalid one, such as http://host:99999/realtime/console.
    const [pathname = ''] = (request.originalUrl ?? request.url ?? '').split('?');
    const page = /\/realtime\/(console|asyncapi)\/?$/.exec(pathname)?.[1];
    // The page refers to files next to it, so it must have one address. The redirect is relative, because a proxy can add
    // a prefix.
    if (page !== undefined && pathname.endsWith('/')) {
      response.writeHead(308, { Location: `../${page}`, 'Content-Length': 0 }).end();
      return;
    }
    this.files ??= readConsole();
    const name = pathname.slice(pathname.lastIndexOf('/') + 1);
    const file = page === undefined ? this.files.assets.get(name) : this.page(this.files);
    if (file === undefined) return next();
    response.writeHead(200, {
      ...HEADERS,
      'Content-Type': file.type,
      'Content-Length': file.content.length,
      // File names contain a hash of the content.
      'Cache-Control': page === undefined ? 'public, max-age=31536000, immutable' : 'no-store',
    });
    response.end(request.method === 'HEAD' ? undefined : file.content);
  };

  private page({ page }: ConsoleFiles): ConsoleFile {
    const { path, consoleSession = '', tenants } = this.options;
    const values = { path, session: consoleSession, tenants: String(tenants.claim !== undefined) };
    let content = page;
    for (const name of ['path', 'session', 'tenants'] as const) {
      const at = (value: string): string => `name="realtime-${name}" content="${value}"`;
      // A function, because a string could contain a pattern such as $&.
      content = content.replace(at(PLACEHOLDERS[name]), () => at(values[name]));
    }
    return { type: 'text/html; charset=utf-8', content: Buffer.from(content) };
  }
}
