import { HttpException } from '@nestjs/common';
import { plainToInstance } from 'class-transformer';
import { validate, type ValidationError } from 'class-validator';
import { ProtocolError, type FieldProblem } from '../../protocol/index.js';
import type { EventClass } from '../options/channel-definition.js';
import { shapeProblem } from '../publishing/data-shape.js';

/** Maximum number of problems in an answer. */
const MAX_DETAILS = 20;

/**
 * Returns the input of a command as an instance of its class. Properties that the class does not declare are refused.
 * @param maxKeys maximum number of properties of one object
 * Asynchronous validators are awaited; the error of a validator that fails is thrown.
 * @throws ProtocolError `invalid_message` with a problem for each field
 */
export async function validateInput(type: EventClass, data: unknown, maxKeys: number): Promise<object> {
  if (typeof data !== 'object' || data === null || Array.isArray(data)) throw invalid('must be an object');
  const shape = shapeProblem(data, maxKeys);
  if (shape !== null) throw invalid(shape);
  const instance = instanceOf(type, data);
  const rules = { whitelist: true, forbidNonWhitelisted: true, forbidUnknownValues: true };
  const errors = await validate(instance, rules);
  if (errors.length === 0) return instance;
  throw problems(errors.flatMap((error) => problemsOf(error, 'data.')));
}

/** A transformation that fails refuses the input. Only a refusal that is meant for clients shows its text. */
function instanceOf(type: EventClass, data: object): object {
  try {
    return plainToInstance(type, data);
  } catch (error) {
    if (error instanceof ProtocolError || error instanceof HttpException) throw error;
    throw invalid('cannot be read');
  }
}

function invalid(message: string): ProtocolError {
  return problems([{ field: 'data', message }]);
}

function problems(details: readonly FieldProblem[]): ProtocolError {
  return new ProtocolError('invalid_message', {
    message: 'The input is not valid',
    details: details.slice(0, MAX_DETAILS),
  });
}

function problemsOf({ property, constraints = {}, children = [] }: ValidationError, prefix: string): FieldProblem[] {
  const field = `${prefix}${property}`.slice(0, 200);
  const own = Object.values(constraints).map((message) => ({ field, message: message.slice(0, 200) }));
  return [...own, ...children.flatMap((child) => problemsOf(child, `${field}.`))];
}
