import { ValidationPipe } from '@nestjs/common';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { join } from 'node:path';
import { PlatformConfig } from '../config/platform-config.js';
import { readBodies } from './bodies.js';
import { securityHeaders } from './security-headers.js';
import { UnavailableFilter } from './unavailable.filter.js';

/** Folder of the built page, next to this one. */
const PAGE = join(import.meta.dirname, '../page');

/** Sets up headers, the page, JSON bodies with validation, and JSON errors for every request. */
export function configureHttp(app: NestExpressApplication): void {
  app.disable('x-powered-by');
  // Behind proxies, limits per address use the client's address, with the same trusted proxies as the WebSocket.
  app.set('trust proxy', app.get(PlatformConfig).realtime.trustedProxies ?? false);
  app.use(securityHeaders);
  app.useStaticAssets(PAGE, { maxAge: 0 });
  readBodies(app);
  app.useGlobalPipes(new ValidationPipe({ transform: true, whitelist: true, forbidNonWhitelisted: true }));
  app.useGlobalFilters(new UnavailableFilter());
}
