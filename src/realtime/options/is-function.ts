import { ValidateBy, type ValidationOptions } from 'class-validator';

/** Accepts functions. */
export function IsFunction(options: ValidationOptions & { message: string }): PropertyDecorator {
  const validate = (value: unknown): boolean => typeof value === 'function';
  return ValidateBy({ name: 'isFunction', validator: { validate } }, options);
}
