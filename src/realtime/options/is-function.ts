import { ValidateBy } from 'class-validator';

/** Accepts functions. */
export function IsFunction(): PropertyDecorator {
  return ValidateBy({
    name: 'isFunction',
    validator: { validate: (value) => typeof value === 'function', defaultMessage: () => 'must be a function' },
  });
}
