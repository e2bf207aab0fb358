import { types } from 'node:util';
import { thrownText } from '../observability/thrown-text.js';
import { InvalidEventError } from './errors.js';

/** Remedies for data that `JSON.stringify` refuses, by its error message. */
const REMEDIES: readonly (readonly [RegExp, string])[] = [
  [/BigInt/, 'send it as a string, for example value.toString()'],
  [/circular|call stack/i, 'send a plain object with the fields that clients need'],
];

/**
 * Maximum depth of objects and lists. The time per object grows with its depth, here and in `JSON.stringify`, and parsers
 * of many languages reject more than some hundred levels.
 */
const MAX_LEVELS = 500;

const TOO_DEEP = `more than ${MAX_LEVELS} levels of objects and lists`;

/** A value that JSON would change, with its path and a remedy. */
interface Problem {
  path: string;
  readonly kind: string;
  readonly remedy: string;
}

/** Marks an object with `toJSON`, which must be called only once, and whose result is checked instead. */
const REPLACED = Symbol('replaced');

/**
 * Serialises the data of an event like `JSON.stringify`, but rejects values that JSON would change silently: a `Map`
 * becomes `{}`, `NaN` becomes `null`. Fields that are undefined, functions or symbols are omitted. `toJSON` is called
 * once.
 * @throws InvalidEventError
 */
export function toJson(data: unknown): string {
  let json: string | undefined;
  let problem: Problem | null;
  try {
    let found = problemIn(data, []);
    let checked = data;
    if (found === REPLACED) {
      checked = replaced(data, '', []);
      found = problemIn(checked, []);
    }
    problem = found === REPLACED ? null : found;
    if (problem === null) json = JSON.stringify(checked);
  } catch (error) {
    const text = thrownText(error);
    const remedy = REMEDIES.find(([pattern]) => pattern.test(text))?.[1];
    throw new InvalidEventError(
      'data',
      `cannot be turned into JSON: ${text}${remedy === undefined ? '' : `: ${remedy}`}`,
    );
  }
  if (problem !== null) {
    const { path, kind, remedy } = problem;
    throw new InvalidEventError('data', `cannot hold ${kind} (data${path}): ${remedy}`);
  }
  if (json !== undefined) return json;
  throw new InvalidEventError('data', `must be JSON-serializable, not ${kindOf(data)}: send null or an object`);
}

type Found = Problem | typeof REPLACED | null;

/** Finds the first value that JSON would change. Circular references are left to `JSON.stringify`, which reports them. */
function problemIn(value: unknown, ancestors: object[]): Found {
  if (typeof value === 'string' || Number.isFinite(value)) return null;
  const problem = problemOf(value);
  if (problem !== null || typeof value !== 'object' || value === null) return problem;
  if (types.isDate(value) || ancestors.includes(value)) return null;
  if (ancestors.length >= MAX_LEVELS)
    return { path: '', kind: TOO_DEEP, remedy: 'send data that is nested less deeply' };
  if (typeof (value as { toJSON?: unknown }).toJSON === 'function') return REPLACED;
  ancestors.push(value);
  const found = Array.isArray(value) ? problemInList(value, ancestors) : problemInside(value, ancestors);
  ancestors.pop();
  return found;
}

/** Copies a value and replaces each object that has a `toJSON` by its result. Values that JSON cannot represent are kept. */
function replaced(value: unknown, key: string, ancestors: object[]): unknown {
  if (typeof value !== 'object' || value === null || types.isDate(value)) return value;
  const { toJSON } = value as { toJSON?: unknown };
  // JSON does not call toJSON again on the result of toJSON, which can be the value itself.
  const result: unknown = typeof toJSON === 'function' ? toJSON.call(value, key) : value;
  if (typeof result !== 'object' || result === null || problemOf(result) !== null) return result;
  if (types.isDate(result) || types.isBoxedPrimitive(result) || ancestors.includes(result)) return result;
  const inner = [...ancestors, result];
  if (Array.isArray(result)) return result.map((entry, index) => replaced(entry, String(index), inner));
  const fields = Object.entries(result).filter(([, field]) => typeof field !== 'function');
  return Object.fromEntries(fields.map(([name, field]) => [name, replaced(field, name, inner)]));
}

function problemInside(value: object, ancestors: object[]): Found {
  for (const key of Object.keys(value)) {
    const found = problemIn((value as Record<string, unknown>)[key], ancestors);
    if (found !== null) return found === REPLACED ? found : inside(found, `.${key}`);
  }
  return null;
}

function problemInList(list: readonly unknown[], ancestors: object[]): Found {
  for (let index = 0; index < list.length; index += 1) {
    const entry = list[index];
    const isLost = typeof entry === 'function' || typeof entry === 'symbol';
    const found = isLost ? { path: '', kind: kindOf(entry), remedy: 'leave it out' } : problemIn(entry, ancestors);
    if (found !== null) return found === REPLACED ? found : inside(found, `[${index}]`);
  }
  return null;
}

function inside(problem: Problem, step: string): Problem {
  problem.path = (step + problem.path).slice(0, 200);
  return problem;
}

/** Checks one value, without its content. */
function problemOf(value: unknown): Problem | null {
  const remedy = typeof value === 'number' ? remedyOfNumber(value) : remedyOfObject(value);
  return remedy === null ? null : { path: '', kind: kindOf(value), remedy };
}

function remedyOfNumber(value: number): string | null {
  return Number.isFinite(value) ? null : 'JSON cannot represent this number: send null or a string';
}

/** Returns what to send instead of an object that JSON cannot represent, or `null` if JSON can represent it. */
function remedyOfObject(value: unknown): string | null {
  if (typeof value !== 'object' || value === null) return null;
  if (Object.getPrototypeOf(value) === Object.prototype && !('then' in value)) return remedyOfNoFields(value);
  if (types.isDate(value)) return Number.isNaN(value.getTime()) ? 'send null, or a valid date' : null;
  if (Buffer.isBuffer(value)) return "send a string, for example buffer.toString('base64')";
  if (ArrayBuffer.isView(value) || types.isAnyArrayBuffer(value)) return 'send a list of numbers, or a base64 string';
  if (typeof (value as { then?: unknown }).then === 'function') {
    // No code awaits this promise. Without a handler, its rejection would end the process.
    if (types.isPromise(value)) value.catch(() => undefined);
    return 'await it before';
  }
  if (typeof (value as { toJSON?: unknown }).toJSON === 'function') return null;
  if (types.isMap(value)) return 'send Object.fromEntries(map)';
  if (types.isSet(value)) return 'send [...set]';
  if (types.isNativeError(value)) return 'send its message';
  if (types.isNumberObject(value)) return remedyOfNumber(Number(value));
  return remedyOfNoFields(value);
}

function remedyOfNoFields(value: object): string | null {
  const hasToJson = typeof (value as { toJSON?: unknown }).toJSON === 'function';
  return !hasToJson && hasNoFields(value)
    ? 'it has no fields: send a plain object, or give its class a toJSON()'
    : null;
}

/**
 * Returns true for an object that JSON serialises without fields: an instance of a class without fields, or an object
 * that has only functions or symbols.
 */
function hasNoFields(value: object): boolean {
  if (Array.isArray(value) || types.isBoxedPrimitive(value)) return types.isSymbolObject(value);
  let isEmpty = true;
  for (const key in value) {
    if (!Object.hasOwn(value, key)) continue;
    const field = (value as Record<string, unknown>)[key];
    if (typeof field !== 'function' && typeof field !== 'symbol') return false;
    isEmpty = false;
  }
  if (!isEmpty || Object.getOwnPropertySymbols(value).length > 0) return true;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype !== null && Object.getPrototypeOf(prototype) !== null;
}

/** Describes a value for an error message: `a Map`, `NaN`, `a function`. */
function kindOf(value: unknown): string {
  if (value === undefined || typeof value === 'number') return String(value);
  if (typeof value !== 'object' || value === null) return `a ${typeof value}`;
  if (types.isDate(value)) return 'an invalid Date';
  const name: unknown = value.constructor?.name;
  if (typeof name !== 'string' || name === '') return 'an object';
  return `${/^[AEIO]/i.test(name) ? 'an' : 'a'} ${name.slice(0, 100)}`;
}
