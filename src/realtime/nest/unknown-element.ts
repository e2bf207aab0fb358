import * as exceptions from '@nestjs/core/errors/exceptions/unknown-element.exception.js';
import { internalOf } from './internal-of.js';

const UnknownElementException = internalOf(
  exceptions,
  'UnknownElementException',
  '@nestjs/core/errors/exceptions/unknown-element.exception.js',
);

/** Returns true if the error of `ModuleRef.get` says that no module has the provider. */
export function isUnknownElement(error: unknown): boolean {
  return error instanceof UnknownElementException;
}
