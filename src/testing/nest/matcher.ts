import { isDeepStrictEqual } from 'node:util';
import type { ChannelName, EventData } from '../../realtime/index.js';

/** Data type of a channel's events, from the event map; `unknown` for other channels. */
export type DataOf<C extends string> = C extends ChannelName ? EventData<C> : unknown;

/**
 * A subset of the data's fields, at any depth. Values can be matchers of the test runner such as `expect.any(String)`.
 */
export type Shape<D> = unknown extends D
  ? object | string | number | boolean | null
  : D extends object
    ? { readonly [K in keyof D]?: Shape<D[K]> } & { readonly [more: string]: unknown }
    : D;

/** Condition for an event: a subset of its data, or a predicate. */
export type Matcher<D, E> = Shape<D> | ((event: E) => boolean);

interface Matched {
  readonly data: unknown;
}

/** Matchers such as `expect.any(…)`: Jest, Vitest and Jasmine use the same protocol. */
interface Asymmetric {
  asymmetricMatch(value: unknown): boolean;
  toAsymmetricMatcher?(): string;
}

/** Returns true if the event matches. Without a matcher, every event does. */
export function matches<E extends Matched>(event: E, matcher: unknown): boolean {
  if (matcher === undefined) return true;
  return typeof matcher === 'function' ? (matcher as (event: E) => boolean)(event) : fits(event.data, matcher);
}

/** Describes a matcher for the message of a failure. */
export function describeMatcher(matcher: unknown): string {
  if (matcher === undefined) return '';
  if (typeof matcher === 'function') return ` for which this holds: ${String(matcher)}`;
  return ` that matches ${JSON.stringify(matcher, (_, part: unknown) => (isAsymmetric(part) ? nameOf(part) : part))}`;
}

/** Formats a matcher as the test runner does: `Any<Number>`. */
function nameOf(matcher: Asymmetric): string {
  return matcher.toAsymmetricMatcher?.() ?? 'a value that a matcher of the test runner says yes to';
}

function fits(value: unknown, shape: unknown): boolean {
  if (isAsymmetric(shape)) return shape.asymmetricMatch(value);
  if (!isObject(shape)) return Object.is(value, shape);
  if (!isObject(value)) return false;
  if (Array.isArray(shape) || Array.isArray(value)) {
    if (!Array.isArray(shape) || !Array.isArray(value)) return false;
    return shape.length === value.length && shape.every((item, index) => fits(value[index], item));
  }
  if (Object.getPrototypeOf(shape) !== Object.prototype) return isDeepStrictEqual(value, shape);
  return Object.entries(shape).every(([name, part]) => fits(value[name], part));
}

function isAsymmetric(shape: unknown): shape is Asymmetric {
  return isObject(shape) && typeof shape['asymmetricMatch'] === 'function';
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
