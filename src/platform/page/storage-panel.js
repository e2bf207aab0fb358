import { button, byId, element } from './dom.js';

const MAX_BYTES = 1_048_576;

/** Files: upload, replace, download, delete. */
export class StoragePanel {
  constructor(api, act) {
    this.api = api;
    this.act = act;
    byId('file-form').onsubmit = act(async (form) => {
      const [file] = form.elements.file.files;
      const type = file.type === '' ? {} : { contentType: file.type.split(';', 1)[0] };
      await api.post('/storage/files', { name: file.name, ...type, content: await base64(file) });
      form.reset();
    });
  }

  async load() {
    const files = await this.api.get('/storage/files');
    byId('files').replaceChildren(...files.map((file) => this.#item(file)));
  }

  #item({ id, name, size }) {
    const path = `/storage/files/${id}`;
    const chooser = element('input', { type: 'file', hidden: true, 'aria-label': `New content of ${name}` });
    chooser.onchange = this.act(async () => {
      await this.api.request('PUT', path, { content: await base64(chooser.files[0]) });
    });
    return element(
      'li',
      { className: 'item', 'data-file': name },
      element('span', { className: 'name' }, `${name} `, element('small', {}, sizeText(size))),
      element(
        'span',
        { className: 'buttons' },
        button(
          'Download',
          this.act(() => this.#download(path, name)),
          { 'aria-label': `Download ${name}` },
        ),
        button('Replace', () => chooser.click(), { 'aria-label': `Replace ${name}` }),
        button(
          'Delete',
          this.act(() => this.api.request('DELETE', path)),
          { 'aria-label': `Delete ${name}` },
        ),
      ),
      chooser,
    );
  }

  /** The token travels in a header, which a plain link cannot send. */
  async #download(path, name) {
    const response = await this.api.fetch('GET', `${path}/content`);
    const url = URL.createObjectURL(await response.blob());
    element('a', { href: url, download: name }).click();
    URL.revokeObjectURL(url);
  }
}

async function base64(file) {
  if (file.size > MAX_BYTES) throw new Error(`${file.name} is larger than 1 MiB.`);
  const bytes = new Uint8Array(await file.arrayBuffer());
  let text = '';
  for (let at = 0; at < bytes.length; at += 8_192) text += String.fromCharCode(...bytes.subarray(at, at + 8_192));
  return btoa(text);
}

function sizeText(bytes) {
  return bytes < 1_024 ? `${bytes} B` : `${Math.round(bytes / 1_024)} KiB`;
}
