import { useQueryClient } from '@tanstack/react-query';
import { useState, type ReactNode } from 'react';
import { useRealtimeClient } from '../../../react/index.js';
import { useNotice } from './notice.js';

type Work = () => Promise<unknown>;

/** Runs the action of a form or button. `busy` prevents a second run; an error is shown as a notice. */
export function useAction(): { readonly busy: boolean; readonly act: (work: Work) => Promise<boolean> } {
  const { notify } = useNotice();
  const client = useRealtimeClient();
  const queries = useQueryClient();
  const [busy, setBusy] = useState(false);

  const act = async (work: Work): Promise<boolean> => {
    setBusy(true);
    try {
      await work();
      notify(null);
      return true;
    } catch (error) {
      notify((error as Error).message);
      return false;
    } finally {
      setBusy(false);
      // Without a connection no event updates the lists, so they are reloaded.
      if (client.state !== 'connected') void queries.invalidateQueries();
    }
  };
  return { busy, act };
}

interface ActionFormProps {
  readonly id: string;
  readonly className?: string;
  readonly children: ReactNode;
  /** Called on submit. The form is reset if it resolves. */
  readonly action: (fields: FormData) => Promise<unknown>;
}

/** A form that is disabled until its action ends. */
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

/**
 * @param props.label accessible name with the action and its target; the visible text can be the same on several
 * buttons
 */
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

/** Returns the trimmed text of a field. */
export function textOf(fields: FormData, name: string): string {
  const value = fields.get(name);
  return typeof value === 'string' ? value.trim() : '';
}
