import { ValidateBy, type ValidationOptions } from 'class-validator';
import proxyAddr from 'proxy-addr';

/** Accepts an address, an address range, or a named range of `proxy-addr`. */
export function IsAddressRange(options?: ValidationOptions): PropertyDecorator {
  const message = `${options?.each === true ? 'each value in $property ' : ''}must be an address, a range such as 10.0.0.0/8, or loopback, linklocal or uniquelocal`;
  return ValidateBy(
    { name: 'isAddressRange', validator: { validate: isAddressRange, defaultMessage: () => message } },
    options,
  );
}

function isAddressRange(value: unknown): boolean {
  if (typeof value !== 'string' || value === '') return false;
  try {
    proxyAddr.compile(value);
    return true;
  } catch {
    return false;
  }
}
