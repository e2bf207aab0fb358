import { useState } from 'react';
import { useApi } from '../api/api.js';
import { useRows, useTables } from '../api/queries.js';
import type { Row } from '../api/types.js';
import { ActionButton, ActionForm } from '../parts/action.js';
import { Field } from '../parts/field.js';
import { readScalar } from '../parts/scalar.js';

/** Creates and deletes tables; inserts and updates rows. */
export function DatabasePanel() {
  const api = useApi();
  const tables = useTables();
  const [chosen, setChosen] = useState('');
  const table = tables.find(({ name }) => name === chosen)?.name ?? tables[0]?.name ?? '';

  const create = async (fields: FormData): Promise<void> => {
    const { name } = await api.post<{ name: string }>('/database/tables', { name: fields.get('name') });
    setChosen(name);
  };

  return (
    <section className="card" aria-labelledby="database-title">
      <header>
        <h2 id="database-title">Database</h2>
      </header>
      <ActionForm id="table-form" action={create}>
        <Field
          label="New table"
          name="name"
          maxLength={63}
          pattern="[a-z_][a-z0-9_]*"
          autoComplete="off"
          required
          placeholder="orders"
          title="a–z, 0–9 and _; must not start with a digit"
        />
        <button type="submit">Create</button>
      </ActionForm>
      {table !== '' && (
        <RowForm key={table} table={table} tables={tables.map(({ name }) => name)} onTable={setChosen} />
      )}
    </section>
  );
}

interface RowFormProps {
  readonly table: string;
  readonly tables: readonly string[];
  readonly onTable: (name: string) => void;
}

const NEW_ROW = '';

function RowForm({ table, tables, onTable }: RowFormProps) {
  const api = useApi();
  const rows = useRows(table);
  const [rowId, setRowId] = useState(NEW_ROW);
  const [column, setColumn] = useState('');
  const [value, setValue] = useState('');
  const row = rows.find(({ id }) => id === rowId);

  const choose = (id: string): void => {
    setRowId(id);
    const [name, content] = firstValue(rows.find((known) => known.id === id));
    setColumn(name);
    setValue(content);
  };
  const save = async (): Promise<void> => {
    const path = `/database/tables/${table}/rows`;
    const body = { values: { [column]: readScalar(value) } };
    if (row !== undefined) await api.request('PATCH', `${path}/${row.id}`, body);
    else {
      await api.post(path, body);
      setValue('');
    }
  };

  return (
    <ActionForm id="row-form" className="fields" action={save}>
      <label>
        Table
        <select value={table} onChange={({ target }) => onTable(target.value)}>
          {tables.map((name) => (
            <option key={name}>{name}</option>
          ))}
        </select>
      </label>
      <label>
        Row
        <select value={row?.id ?? NEW_ROW} onChange={({ target }) => choose(target.value)}>
          <option value={NEW_ROW}>New row</option>
          {rows.map(({ id, values }) => (
            <option key={id} value={id}>
              {JSON.stringify(values)}
            </option>
          ))}
        </select>
      </label>
      <Field
        label="Column"
        name="column"
        maxLength={63}
        pattern="[A-Za-z_][A-Za-z0-9_]*"
        autoComplete="off"
        required
        placeholder="price"
        title="Letters, digits and _; must not start with a digit"
        value={column}
        onChange={({ target }) => setColumn(target.value)}
      />
      <Field
        label="Value"
        name="value"
        maxLength={10_000}
        autoComplete="off"
        placeholder="12"
        value={value}
        onChange={({ target }) => setValue(target.value)}
      />
      <div className="buttons">
        <button type="submit">{row === undefined ? 'Insert row' : 'Update row'}</button>
        <ActionButton
          label={`Delete table ${table}`}
          className="plain"
          action={() => api.request('DELETE', `/database/tables/${table}`)}
        >
          Delete table
        </ActionButton>
      </div>
    </ActionForm>
  );
}

function firstValue(row: Row | undefined): [column: string, value: string] {
  const [first] = Object.entries(row?.values ?? {});
  return first === undefined ? ['', ''] : [first[0], String(first[1])];
}
