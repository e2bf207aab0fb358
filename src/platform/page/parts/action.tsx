import { useQueryClient } from '@tanstack/react-query';
import { useState, type ReactNode } from 'react';
import { useRealtimeClient } from '../../../react/index.js';
import { useNotice } from './notice.js';

type Work = () => Promise<unknown>;

/** Runs what a form or a button asks for: nothing twice at once, and a sentence where it fails. */
export function useAction(): { readonly busy: boolean; readonly act: (work: Work) => Promise<boolean> } {
  const { tell } = useNotice();
  const client = useRealtimeClient();
  const queries = useQueryClient();
  const [busy, setBusy] = useState(false);

  const act = async (work: Work): Promise<boolean> => {
    setBusy(true);
    try {
      await work();
      tell(null);
      return true;
    } catch (error) {
      tell((error as Error).message);
      return false;
    } finally {
      setBusy(false);
      // Where no event can tell of it now, the lists are loaded again.
      if (client.state !== 'connected') void queries.invalidateQueries();
    }
  };
  return { busy, act };
}

interface ActionFormProps {
  readonly id: string;
  readonly className?: string;
  readonly children: ReactNode;
  /** What it asks for. The form is emptied where that resolves. */
  readonly action: (fields: FormData) => Promise<unknown>;
}

/** A form whose button waits for what it asked for. */
export function ActionForm({ id, className = 'line', children, action }: ActionFormProps) {
  const { busy, act } = useAction();
  return (
    <form
      id={id}
      className={className}
      onSubmit={(event) => {
        event.preventDefault();
        const form = event.currentTarget;
        void act(() => action(new FormData(form))).then((done) => done && form.reset());
      }}
    >
      <fieldset className="bare" disabled={busy}>
        {children}
      </fieldset>
    </form>
  );
}

interface ActionButtonProps {
  readonly label: string;
  readonly className?: string;
  readonly disabled?: boolean;
  readonly children: ReactNode;
  readonly action: () => Promise<unknown>;
}

/** @param props.label what it does, and to what: the text alone may stand on many buttons */
export function ActionButton({
  label,
  className = 'quiet small',
  disabled = false,
  children,
  action,
}: ActionButtonProps) {
  const { busy, act } = useAction();
  return (
    <button
      type="button"
      className={className}
      aria-label={label}
      disabled={busy || disabled}
      onClick={() => void act(action)}
    >
      {children}
    </button>
  );
}

/** What was written into a field. */
export function textOf(fields: FormData, name: string): string {
  const value = fields.get(name);
  return typeof value === 'string' ? value.trim() : '';
}
