/** Matches `__proto__` in JSON, in which any character can be escaped. */
const MAY_HAVE_PROTO = /__proto__|\\u00/;

/** Returns true if JSON can hold a property named `__proto__`. */
export function mayHaveProto(json: string): boolean {
  return MAY_HAVE_PROTO.test(json);
}

/** Parses JSON without properties named `__proto__`: code that copies properties would set a prototype. */
export function parseWithoutProto(json: string): unknown {
  return JSON.parse(json, (key, value: unknown) => (key === '__proto__' ? undefined : value));
}

/** Returns true if a text is JSON. */
export function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
