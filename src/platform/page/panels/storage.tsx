import { useRef } from 'react';
import { useApi, type Api } from '../api/api.js';
import { useFiles } from '../api/queries.js';
import type { StoredFile } from '../api/types.js';
import { ActionButton, ActionForm, useAction } from '../parts/action.js';
import { Field } from '../parts/field.js';

const MAX_BYTES = 1_048_576;

/** Uploads, replaces, downloads and deletes files. */
export function StoragePanel() {
  const api = useApi();
  const files = useFiles();

  const upload = async (fields: FormData): Promise<void> => {
    const file = fields.get('file') as File;
    const type = file.type === '' ? {} : { contentType: file.type.split(';', 1)[0] };
    await api.post('/storage/files', { name: file.name, ...type, content: await base64(file) });
  };

  return (
    <section className="card" aria-labelledby="storage-title">
      <header>
        <h2 id="storage-title">Storage</h2>
      </header>
      <ActionForm id="file-form" action={upload}>
        <Field label="File (up to 1 MiB)" name="file" type="file" required />
        <button type="submit">Upload</button>
      </ActionForm>
      {files.length > 0 && (
        <ul className="items">
          {files.map((file) => (
            <FileItem key={file.id} file={file} />
          ))}
        </ul>
      )}
    </section>
  );
}

function FileItem({ file: { id, name, size } }: { readonly file: StoredFile }) {
  const api = useApi();
  const { act } = useAction();
  const chooser = useRef<HTMLInputElement>(null);
  const path = `/storage/files/${id}`;

  const replace = async (file: File | undefined): Promise<void> => {
    if (file !== undefined) await api.request('PUT', path, { content: await base64(file) });
  };

  return (
    <li className="item" data-file={name}>
      <span className="name">
        {name} <small className="faint">{sizeText(size)}</small>
      </span>
      <span className="buttons">
        <ActionButton label={`Download ${name}`} action={() => download(api, path, name)}>
          Download
        </ActionButton>
        <button
          type="button"
          className="quiet small"
          aria-label={`Replace ${name}`}
          onClick={() => chooser.current?.click()}
        >
          Replace
        </button>
        <ActionButton label={`Delete ${name}`} className="plain small" action={() => api.request('DELETE', path)}>
          Delete
        </ActionButton>
      </span>
      <input
        ref={chooser}
        type="file"
        hidden
        aria-label={`New content of ${name}`}
        onChange={({ target }) => void act(() => replace(target.files?.[0]))}
      />
    </li>
  );
}

/** Downloads with fetch, because a plain link cannot send the token in a header. */
async function download(api: Api, path: string, name: string): Promise<void> {
  const response = await api.fetch('GET', `${path}/content`);
  const link = document.createElement('a');
  link.href = URL.createObjectURL(await response.blob());
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}

async function base64(file: File): Promise<string> {
  if (file.size > MAX_BYTES) throw new Error(`${file.name} is larger than 1 MiB.`);
  const bytes = new Uint8Array(await file.arrayBuffer());
  let text = '';
  for (let at = 0; at < bytes.length; at += 8_192) text += String.fromCharCode(...bytes.subarray(at, at + 8_192));
  return btoa(text);
}

function sizeText(bytes: number): string {
  return bytes < 1_024 ? `${bytes} B` : `${Math.round(bytes / 1_024)} KiB`;
}
