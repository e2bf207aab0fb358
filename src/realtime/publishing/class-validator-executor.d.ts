/** class-validator has no types for its files. It runs in `validateSync`. */
declare module 'class-validator/cjs/validation/ValidationExecutor.js' {
  import type { ValidationError, Validator, ValidatorOptions } from 'class-validator';

  export class ValidationExecutor {
    /** Results of asynchronous validators. */
    readonly awaitingPromises: Promise<unknown>[];

    constructor(validator: Validator, options?: ValidatorOptions);
    execute(object: object, schema: string | undefined, errors: ValidationError[]): void;
    stripEmptyErrors(errors: ValidationError[]): ValidationError[];
  }
}
