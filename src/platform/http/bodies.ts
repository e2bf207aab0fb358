import { BadRequestException, UnauthorizedException } from '@nestjs/common';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { json, type NextFunction, type Request, type Response } from 'express';
import { AuthService, bearerOf } from '../../realtime/index.js';
import { bodyErrors } from './body-errors.js';
import { shapeProblem } from './body-shape.js';

/** Maximum body of a request, also without a token. */
const MAX_BODY = '32kb';
/** Maximum body of an upload, which requires a token: a file of 1 MiB as base64. */
const MAX_UPLOAD = '2mb';
const UPLOADS = '/api/storage/files';

/**
 * Parses JSON bodies of the platform's routes. The limit is small for anonymous requests and larger for uploads by
 * signed-in users. The number of keys is limited because the validation that follows takes quadratic time.
 */
export function readBodies(app: NestExpressApplication): void {
  const auth = app.get(AuthService);
  const readUpload = json({ limit: MAX_UPLOAD });

  async function upload(request: Request, response: Response, next: NextFunction): Promise<void> {
    if (request.method !== 'POST' && request.method !== 'PUT') return next();
    const principal = await bearerOf(auth, request.headers);
    if (principal === null) throw new UnauthorizedException('Send a token: Authorization: Bearer …');
    readUpload(request, response, next);
  }

  app.use(UPLOADS, upload);
  app.useBodyParser('json', { limit: MAX_BODY });
  app.use(checkShape);
  app.use(bodyErrors);
}

function checkShape(request: Request, _response: Response, next: NextFunction): void {
  const problem = shapeProblem(request.body);
  next(problem === null ? undefined : new BadRequestException(`The body ${problem}`));
}
