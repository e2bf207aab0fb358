/** An OpenAPI 3.0 schema. {@link Described} infers the TypeScript type from it. */
export interface Shape<T> {
  readonly [TYPE]?: T;
}

declare const TYPE: unique symbol;

/** The type that a shape describes. */
export type Described<S> = S extends Shape<infer T> ? T : never;

type Shapes = Readonly<Record<string, Shape<unknown>>>;
type Properties<S extends Shapes> = { readonly [K in keyof S]: Described<S[K]> };
type Merged<T> = { readonly [K in keyof T]: T[K] };

const shape = <T>(schema: object): Shape<T> => schema;

export const text = shape<string>({ type: 'string' });
export const dateTime = shape<string>({ type: 'string', format: 'date-time' });
export const whole = shape<number>({ type: 'integer', minimum: 0 });
export const decimal = shape<number>({ type: 'number' });
export const bool = shape<boolean>({ type: 'boolean' });
export const anything = shape<unknown>({});
export const object = shape<object>({ type: 'object' });

export const orNull = <T>(inner: Shape<T>): Shape<T | null> => shape({ ...inner, nullable: true });
export const list = <T>(items: Shape<T>): Shape<readonly T[]> => shape({ type: 'array', items });
export const oneOrMany = <T>(inner: Shape<T>): Shape<T | readonly T[]> => shape({ oneOf: [inner, list(inner)] });
export const described = <T>(inner: Shape<T>, description: string): Shape<T> => shape({ ...inner, description });

/** An object with these properties, and `optional` ones that may be absent. */
export function record<R extends Shapes>(required: R): Shape<Properties<R>>;
export function record<R extends Shapes, O extends Shapes>(
  required: R,
  optional: O,
): Shape<Merged<Properties<R> & Partial<Properties<O>>>>;
export function record(required: Shapes, optional: Shapes = {}): Shape<unknown> {
  return shape({ type: 'object', properties: { ...required, ...optional }, required: Object.keys(required) });
}

/** An object with these properties, each a whole number. */
export function counts<Name extends string>(...names: Name[]): Readonly<Record<Name, Shape<number>>> {
  return Object.fromEntries(names.map((name) => [name, whole])) as Record<Name, Shape<number>>;
}
