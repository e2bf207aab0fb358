import { useEffect, useState } from 'react';
import { useRename } from '../api/commands.js';
import type { App } from '../api/types.js';
import { textOf } from '../parts/action.js';
import { useNotice } from '../parts/notice.js';

interface RenameAppProps {
  readonly app: App;
  /** Called when the form is no longer needed. */
  readonly onEnd: () => void;
}

/** A form with the name of an application. It closes when the list shows the new name: before the server has answered. */
export function RenameApp({ app: { id, name }, onEnd }: RenameAppProps) {
  const { call } = useRename();
  const { notify } = useNotice();
  const [sent, setSent] = useState<string | null>(null);
  useEffect(() => {
    if (sent === name) onEnd();
  }, [sent, name, onEnd]);
  const rename = (next: string): void => {
    setSent(next);
    if (next === name) return;
    call({ id, name: next }).then(
      () => notify(null),
      (error: Error) => notify(error.message),
    );
  };
  return (
    <form
      className="rename"
      onSubmit={(event) => {
        event.preventDefault();
        rename(textOf(new FormData(event.currentTarget), 'name'));
      }}
      onKeyDown={({ key }) => {
        if (key === 'Escape') onEnd();
      }}
    >
      <input
        ref={select}
        name="name"
        aria-label={`New name of ${name}`}
        defaultValue={name}
        maxLength={60}
        autoComplete="off"
        required
      />
      <button type="submit" className="quiet small">
        Save
      </button>
    </form>
  );
}

function select(input: HTMLInputElement | null): void {
  input?.focus();
  input?.select();
}
