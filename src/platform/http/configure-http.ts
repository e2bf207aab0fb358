import { ValidationPipe } from '@nestjs/common';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { join } from 'node:path';
import { PlatformConfig } from '../config/platform-config.js';
import { readBodies } from './bodies.js';
import { securityHeaders } from './security-headers.js';
import { UnavailableFilter } from './unavailable.filter.js';

/** The built page lies beside this folder. */
const PAGE = join(import.meta.dirname, '../page');

/** What holds for every request: headers, the page, bodies of JSON that are checked, errors as JSON. */
export function configureHttp(app: NestExpressApplication): void {
  app.disable('x-powered-by');
  // Limits by address see the client's, behind the same proxies as the WebSocket.
  app.set('trust proxy', app.get(PlatformConfig).realtime.trustedProxies ?? false);
  app.use(securityHeaders);
  app.useStaticAssets(PAGE, { maxAge: 0 });
  readBodies(app);
  app.useGlobalPipes(new ValidationPipe({ transform: true, whitelist: true, forbidNonWhitelisted: true }));
  app.useGlobalFilters(new UnavailableFilter());
}
