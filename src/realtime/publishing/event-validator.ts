import { plainToInstance } from 'class-transformer';
import { Validator, type ValidationError } from 'class-validator';
import { ValidationExecutor } from 'class-validator/cjs/validation/ValidationExecutor.js';
import type { Channel } from '../channels/channel-catalogue.js';
import type { Counters } from '../observability/counters.js';
import { MAX_NAMED_USERS } from '../channels/fields/field-groups.js';
import { LogLimiter } from '../observability/log-limiter.js';
import { SafeLogger } from '../observability/safe-logger.js';
import { thrownText } from '../observability/thrown-text.js';
import type { EventClass } from '../options/channel-definition.js';
import type { InvalidEvents } from '../options/invalid-events.js';
import { InvalidEventError } from './errors.js';

/** Maximum number of problems in a message. */
const MAX_REPORTED = 5;

const VALIDATOR = new Validator();

/** Validates events against the class of their channel, and handles invalid ones as the option says. */
export class EventValidator {
  private readonly log = new LogLimiter(new SafeLogger('Realtime'));

  constructor(
    readonly mode: InvalidEvents,
    private readonly counters: Counters,
  ) {}

  /**
   * Returns true if an event can be sent.
   * @param mode handling of an invalid event
   * @throws InvalidEventError if the mode is `throw`
   */
  admits(name: string, { data: type, pattern, fields }: Channel, data: unknown, mode = this.mode): boolean {
    if (type === null) return true;
    const problems = dataProblems(type, data, fields?.groups);
    if (problems.length === 0) return true;
    const problem = `does not fit ${type.name}: ${problems.slice(0, MAX_REPORTED).join('; ')}`;
    this.counters.invalidEvents.add(mode === 'throw' ? 'refused' : mode === 'drop' ? 'dropped' : 'passed');
    if (mode === 'throw') throw new InvalidEventError('data', problem);
    this.log.warn(pattern, `An event to ${name} was ${mode === 'drop' ? 'dropped' : 'sent anyway'}: ${problem}`);
    return mode === 'pass';
  }

  /** Logs an event that names too many users. It is sent, but no user receives a field by id (`@ExposeToUser`). */
  noteUsers(name: string, { pattern, fields }: Channel, json: string): void {
    if (fields === null || !fields.namesUsers || !fields.namesTooMany(JSON.parse(json))) return;
    this.log.warn(
      `users ${pattern}`,
      `An event to ${name} names more than ${MAX_NAMED_USERS} users for @ExposeToUser: none of them gets the field by its id. Emit fewer at a time, or to the channels of the users`,
    );
  }
}

/**
 * Validates data with a class decorated with class-validator. Returns the problems as sentences.
 * @param groups field groups of the class; fields of all groups are validated
 */
export function dataProblems(type: EventClass, data: unknown, groups: Iterable<string> = []): string[] {
  if (typeof data !== 'object' || data === null || Array.isArray(data)) return ['it must be an object'];
  let errors: readonly ValidationError[] | null;
  try {
    const instance = data instanceof type ? data : plainToInstance(type, data, { groups: [...groups] });
    errors = validateNow(instance);
  } catch (error) {
    return [`it cannot be read: ${thrownText(error)}`];
  }
  if (errors === null) return ['the class has an asynchronous validator, which `emit` cannot await: check that before'];
  return errors.flatMap((error) => describe(error, ''));
}

/**
 * Validates like `validateSync`, which skips asynchronous validators, and whose promises end the process if they reject.
 * @returns `null` if a validator is asynchronous
 */
function validateNow(instance: object): readonly ValidationError[] | null {
  const executor = new ValidationExecutor(VALIDATOR, { forbidUnknownValues: false });
  const errors: ValidationError[] = [];
  executor.execute(instance, undefined, errors);
  for (const pending of executor.awaitingPromises) void pending.catch(() => undefined);
  return executor.awaitingPromises.length > 0 ? null : executor.stripEmptyErrors(errors);
}

function describe({ property, constraints = {}, children = [] }: ValidationError, prefix: string): string[] {
  const own = Object.values(constraints).map((message) => prefix + message);
  return [...own, ...children.flatMap((child) => describe(child, `${prefix}${property}.`))];
}
