/**
 * Returns the field that an error is about: messages of the API start with its name. If none is named, it is the
 * first field.
 * @param fields names of the form's fields
 */
export function fieldOf(message: string, fields: readonly string[]): string {
  return fields.find((name) => new RegExp(`^${name}\\b`, 'i').test(message)) ?? fields[0] ?? '';
}
