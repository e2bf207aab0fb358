import { useState, type ReactNode } from 'react';
import { sorted, type SortKey, type Sorting } from './sorted.js';

/** A column of a table. The first one is the name of the row. */
export interface Column<Row> {
  readonly name: string;
  readonly cell: (row: Row) => ReactNode;
  /** Value by which the table can be sorted; absent for a column without an order. */
  readonly by?: (row: Row) => SortKey;
  readonly isNumber?: boolean;
}

interface ListTableProps<Row> {
  readonly label: string;
  readonly rows: readonly Row[];
  readonly columns: readonly Column<Row>[];
  readonly keyOf: (row: Row) => string;
  /** Attributes of a row, such as `data-channel`. */
  readonly attributes?: (row: Row) => Readonly<Record<`data-${string}`, string>>;
}

/** A table whose columns can be sorted. On a phone each row is a card. */
export function ListTable<Row>({ label, rows, columns, keyOf, attributes }: ListTableProps<Row>) {
  const [sorting, setSorting] = useState<Sorting | null>(null);
  if (rows.length === 0) return null;
  const by = columns.find(({ name }) => name === sorting?.column)?.by;
  const shown = sorting === null || by === undefined ? rows : sorted(rows, by, sorting);
  const sort = (column: string): void =>
    setSorting((before) => ({ column, isDescending: before?.column === column ? !before.isDescending : false }));
  return (
    <div className="scroll-x" tabIndex={0} role="region" aria-label={`Table of ${label}`}>
      <table className="cards">
        <thead>
          <tr>
            {columns.map(({ name, by: key, isNumber = false }) => (
              <th
                key={name}
                scope="col"
                className={isNumber ? 'number' : undefined}
                aria-sort={key === undefined ? undefined : orderOf(name, sorting)}
              >
                {key === undefined ? (
                  name
                ) : (
                  <button type="button" className="sort" onClick={() => sort(name)}>
                    {name}
                    <span aria-hidden="true">
                      {sorting?.column === name ? (sorting.isDescending ? ' ↓' : ' ↑') : ''}
                    </span>
                  </button>
                )}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {shown.map((row) => (
            <tr key={keyOf(row)} {...attributes?.(row)}>
              {columns.map(({ name, cell, isNumber }, index) =>
                index === 0 ? (
                  <th key={name} scope="row">
                    {cell(row)}
                  </th>
                ) : (
                  <td key={name} className={isNumber === true ? 'number' : undefined} data-label={name}>
                    {cell(row)}
                  </td>
                ),
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function orderOf(column: string, sorting: Sorting | null): 'none' | 'ascending' | 'descending' {
  if (sorting?.column !== column) return 'none';
  return sorting.isDescending ? 'descending' : 'ascending';
}
