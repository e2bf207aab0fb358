/**
 * The names of a class's fields, and `outer.inner` for fields of nested classes, also inside lists and maps. Paths have at most
 * five names. Any string if the class is not known.
 */
export type FieldPath<Data, Above extends readonly unknown[] = []> = unknown extends Data
  ? string
  : Data extends string | number | boolean | bigint | symbol | null | undefined | Date | ((...args: never[]) => unknown)
    ? never
    : Data extends readonly (infer Entry)[] | ReadonlyMap<unknown, infer Entry>
      ? FieldPath<Entry, Above>
      : {
          [Key in keyof Data & string]-?:
            | Key
            | (Above['length'] extends 4 ? never : `${Key}.${FieldPath<Data[Key], [...Above, Key]>}`);
        }[keyof Data & string];
