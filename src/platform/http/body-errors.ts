import { BadRequestException, PayloadTooLargeException } from '@nestjs/common';
import type { NextFunction, Request, Response } from 'express';

/** Maps errors of the body parser to the error format of the API. */
export function bodyErrors(error: unknown, _request: Request, _response: Response, next: NextFunction): void {
  const { type, limit } = error as { type?: string; limit?: number };
  if (type === 'entity.too.large') next(new PayloadTooLargeException(`The body must be at most ${limit} bytes`));
  else if (type === 'entity.parse.failed') next(new BadRequestException('The body must be JSON: an object or a list'));
  else next(error);
}
