import { ValidationPipe } from '@nestjs/common';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { join } from 'node:path';
import { bodyErrors } from './body-errors.js';
import { securityHeaders } from './security-headers.js';
import { UnavailableFilter } from './unavailable.filter.js';

/** Large enough for an event of 1 MiB, and for a file of 1 MiB as base64. */
const MAX_BODY = '2mb';

/** The built page lies beside this folder. */
const PAGE = join(import.meta.dirname, '../page');

/** What holds for every request: headers, the page, bodies of JSON that are checked, errors as JSON. */
export function configureHttp(app: NestExpressApplication): void {
  app.disable('x-powered-by');
  app.use(securityHeaders);
  app.useStaticAssets(PAGE, { maxAge: 0 });
  app.useBodyParser('json', { limit: MAX_BODY });
  app.use(bodyErrors);
  app.useGlobalPipes(new ValidationPipe({ transform: true, whitelist: true, forbidNonWhitelisted: true }));
  app.useGlobalFilters(new UnavailableFilter());
}
