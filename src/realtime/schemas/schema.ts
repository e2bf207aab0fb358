/**
 * Schema of a value that instances exchange or store as JSON. `read` validates input, because anyone who can write to
 * Redis can write anything. `write` encodes values that JSON lacks, such as Infinity, so that they do not become `null`.
 */
export interface Schema<T> {
  /** @throws SchemaError with the path */
  read(value: unknown, path: string): T;
  /** @throws SchemaError for a value that a reader would reject */
  write(value: T, path: string): unknown;
}

/** A value does not match its schema. The message contains the path, never the value. */
export class SchemaError extends Error {
  override readonly name = 'SchemaError';

  constructor(path: string, wanted: string) {
    super(`${path} must be ${wanted}`);
  }
}

/** Encodes a value as JSON. @throws SchemaError */
export function encode<T>(schema: Schema<T>, value: T): string {
  return JSON.stringify(schema.write(value, 'it'));
}

/** Decodes a value from JSON. @throws SchemaError or SyntaxError */
export function decode<T>(schema: Schema<T>, json: string): T {
  return schema.read(JSON.parse(json), 'it');
}

/** Schema of values that JSON represents directly. */
function plain<T>(wanted: string, fits: (value: unknown) => boolean): Schema<T> {
  const check = (value: unknown, path: string): T => {
    if (!fits(value)) throw new SchemaError(path, wanted);
    return value as T;
  };
  return { read: check, write: check };
}

export const boolean = plain<boolean>('true or false', (value) => typeof value === 'boolean');

export const nothing = plain<null>('null', (value) => value === null);

/** A string of limited length. */
export function string({ min = 0, max = 65_536 } = {}): Schema<string> {
  return plain(
    `a string of ${min} to ${max} characters`,
    (value) => typeof value === 'string' && value.length >= min && value.length <= max,
  );
}

/** Any JSON. */
export const json: Schema<unknown> = {
  read: (value) => value,
  write: (value) => value,
};

/** A finite number. */
export function number(min = -Number.MAX_VALUE, max = Number.MAX_VALUE): Schema<number> {
  return withoutNegativeZero(
    plain(
      `a number from ${min} to ${max}`,
      (value) => typeof value === 'number' && Number.isFinite(value) && value >= min && value <= max,
    ),
  );
}

export function integer(min = 0, max = Number.MAX_SAFE_INTEGER): Schema<number> {
  return withoutNegativeZero(
    plain(
      `a whole number from ${min} to ${max}`,
      (value) => Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max,
    ),
  );
}

/** JSON can contain -0, but `JSON.stringify` never writes it. Reading converts -0 to 0. */
function withoutNegativeZero(schema: Schema<number>): Schema<number> {
  return { read: (value, path) => schema.read(value, path) + 0, write: (value, path) => schema.write(value, path) };
}

/** Milliseconds since 1970, in the range of `Date`. */
export const timestamp = number(-8.64e15, 8.64e15);

/** Restricts a schema by a condition. @param wanted completes "must be …" */
export function refine<T>(schema: Schema<T>, wanted: string, fits: (value: T) => boolean): Schema<T> {
  const check = (value: T, path: string): T => {
    if (fits(value)) return value;
    throw new SchemaError(path, wanted);
  };
  return {
    read: (value, path) => check(schema.read(value, path), path),
    write: (value, path) => schema.write(check(value, path), path),
  };
}

export const stringOrNumber: Schema<string | number> = {
  read: (value, path) => (typeof value === 'string' ? string() : number()).read(value, path),
  write: (value, path) => (typeof value === 'string' ? string().write(value, path) : number().write(value, path)),
};

export function oneOf<const T extends string>(values: readonly T[]): Schema<T> {
  return plain(`one of ${values.join(', ')}`, (value) => values.includes(value as T));
}

/**
 * A number that can be infinite, such as a time that never comes. JSON has no infinite numbers, so these are encoded as
 * strings.
 */
export const unbounded: Schema<number> = {
  read: (value, path) => {
    if (value === 'Infinity' || value === '-Infinity') return Number(value);
    return number().read(value, path);
  },
  write: (value, path) => {
    if (Number.isNaN(value)) throw new SchemaError(path, 'a number');
    return Number.isFinite(value) ? value : String(value);
  },
};

export function nullable<T>(schema: Schema<T>): Schema<T | null> {
  return {
    read: (value, path) => (value === null ? null : schema.read(value, path)),
    write: (value, path) => (value === null ? null : schema.write(value, path)),
  };
}

export function list<T>(item: Schema<T>, max: number): Schema<readonly T[]> {
  const check = (value: unknown, path: string): readonly unknown[] => {
    if (Array.isArray(value) && value.length <= max) return value;
    throw new SchemaError(path, `a list of at most ${max}`);
  };
  return {
    read: (value, path) => check(value, path).map((entry, index) => item.read(entry, `${path}[${index}]`)),
    write: (value, path) => check(value, path).map((entry, index) => item.write(entry as T, `${path}[${index}]`)),
  };
}

type Fields<T> = { readonly [K in keyof T]-?: Schema<Exclude<T[K], undefined>> };

/** An object with these fields. Unknown fields are ignored, because an instance of a later version may send more. */
export function record<T extends object>(fields: Fields<T>, optional: readonly (keyof T & string)[] = []): Schema<T> {
  const entries = Object.entries<Schema<unknown>>(fields as Readonly<Record<string, Schema<unknown>>>);
  const each = (value: unknown, path: string, step: 'read' | 'write'): object => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new SchemaError(path, 'an object');
    const result: Record<string, unknown> = {};
    for (const [name, schema] of entries) {
      const field: unknown = Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : undefined;
      if (field === undefined && (optional as readonly string[]).includes(name)) continue;
      result[name] = schema[step](field, `${path}.${name}`);
    }
    return result;
  };
  return { read: (value, path) => each(value, path, 'read') as T, write: (value, path) => each(value, path, 'write') };
}

/** One of several kinds of objects, distinguished by a field. */
export function tagged<Tag extends string, T extends { readonly [K in Tag]: string }>(
  tag: Tag,
  kinds: { readonly [K in T[Tag]]: Schema<Omit<Extract<T, { readonly [P in Tag]: K }>, Tag>> },
): Schema<T> {
  const each = (value: unknown, path: string, step: 'read' | 'write'): unknown => {
    const name: unknown = (value as Readonly<Record<string, unknown>> | null | undefined)?.[tag];
    if (typeof name !== 'string' || !Object.hasOwn(kinds, name)) {
      throw new SchemaError(`${path}.${tag}`, `one of ${Object.keys(kinds).join(', ')}`);
    }
    const kind = (kinds as Readonly<Record<string, Schema<unknown>>>)[name]!;
    return { [tag]: name, ...(kind[step](value, path) as object) };
  };
  return { read: (value, path) => each(value, path, 'read') as T, write: (value, path) => each(value, path, 'write') };
}
