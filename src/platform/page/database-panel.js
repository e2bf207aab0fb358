import { byId, element } from './dom.js';

const NEW_ROW = '';

/** Tables: create and delete one, insert a row, change a row. */
export class DatabasePanel {
  #rows = [];
  #shown = null; // the name of the table

  constructor(api, act) {
    this.api = api;
    this.form = byId('row-form');
    const { table, row } = this.form.elements;
    byId('table-form').onsubmit = act(async (form) => {
      const { name } = await api.post('/database/tables', { name: form.elements.name.value });
      form.reset();
      this.#shown = name;
    });
    this.form.onsubmit = act(() => this.#save());
    byId('delete-table').onclick = act(() => api.request('DELETE', `/database/tables/${table.value}`));
    table.onchange = act(() => (this.#shown = table.value));
    row.onchange = () => this.#fill();
  }

  async load() {
    const tables = await this.api.get('/database/tables');
    const { table } = this.form.elements;
    table.replaceChildren(...tables.map(({ name }) => element('option', {}, name)));
    if (tables.some(({ name }) => name === this.#shown)) table.value = this.#shown;
    this.form.hidden = tables.length === 0;
    if (tables.length > 0) await this.#loadRows();
  }

  async #loadRows() {
    const { table, row } = this.form.elements;
    this.#rows = await this.api.get(`/database/tables/${table.value}/rows`);
    const shown = row.value; // after the answer: somebody may have chosen another one while it was on its way
    const options = this.#rows.map(({ id, values }) => element('option', { value: id }, JSON.stringify(values)));
    row.replaceChildren(element('option', { value: NEW_ROW }, 'a new row'), ...options);
    row.value = this.#rows.some(({ id }) => id === shown) ? shown : NEW_ROW;
    byId('save-row').textContent = row.value === NEW_ROW ? 'Insert row' : 'Change row';
  }

  #fill() {
    const { row, column, value } = this.form.elements;
    const chosen = this.#rows.find(({ id }) => id === row.value);
    byId('save-row').textContent = chosen === undefined ? 'Insert row' : 'Change row';
    const [first] = Object.entries(chosen?.values ?? {});
    [column.value, value.value] = first === undefined ? ['', ''] : [first[0], String(first[1])];
  }

  async #save() {
    const { table, row, column, value } = this.form.elements;
    const path = `/database/tables/${table.value}/rows`;
    const body = { values: { [column.value]: read(value.value) } };
    if (row.value === NEW_ROW) await this.api.post(path, body);
    else await this.api.request('PATCH', `${path}/${row.value}`, body);
    if (row.value === NEW_ROW) value.value = '';
    value.focus();
  }
}

/** `12`, `true`, `null` are what they look like; everything else is text. */
function read(text) {
  if (/^(true|false|null|-?\d{1,15}(\.\d{1,10})?)$/.test(text))
    return JSON.parse(/^-?0\d/.test(text) ? `"${text}"` : text);
  return text;
}
