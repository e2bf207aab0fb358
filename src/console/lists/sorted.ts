/** A value by which rows are sorted; `null` and `undefined` come last in both orders. */
export type SortKey = string | number | null | undefined;

export interface Sorting {
  readonly column: string;
  readonly isDescending: boolean;
}

/** Sorts rows by a value. Rows with the same value keep their order. */
export function sorted<Row>(
  rows: readonly Row[],
  keyOf: (row: Row) => SortKey,
  { isDescending }: Pick<Sorting, 'isDescending'>,
): Row[] {
  return rows.toSorted((a, b) => {
    const [one, other] = [keyOf(a) ?? null, keyOf(b) ?? null];
    if (one === other) return 0;
    if (one === null || other === null) return one === null ? 1 : -1;
    return one < other === isDescending ? 1 : -1;
  });
}
