import { useQueryClient } from '@tanstack/react-query';
import { useRef, useState, type ReactNode } from 'react';
import { useRealtimeClient } from '../../../react/index.js';
import { FieldErrorContext, type FieldError } from './field.js';
import { fieldOf } from './field-of.js';
import { useNotice } from './notice.js';

type Work = () => Promise<unknown>;

/**
 * Runs the action of a form or button. `busy` prevents a second run.
 * @param onError shows an error, or hides it with `null`; by default as a notice
 */
export function useAction(onError?: (message: string | null) => void): {
  readonly busy: boolean;
  readonly act: (work: Work) => Promise<boolean>;
} {
  const { notify } = useNotice();
  const show = onError ?? notify;
  const client = useRealtimeClient();
  const queries = useQueryClient();
  const [busy, setBusy] = useState(false);

  const act = async (work: Work): Promise<boolean> => {
    setBusy(true);
    try {
      await work();
      show(null);
      return true;
    } catch (error) {
      show((error as Error).message);
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

/** A form that is disabled until its action ends. An error is shown beside the {@link Field} that it is about. */
export function ActionForm({ id, className = 'line', children, action }: ActionFormProps) {
  const form = useRef<HTMLFormElement>(null);
  const [error, setError] = useState<FieldError | null>(null);
  const { busy, act } = useAction((message) =>
    setError(message === null ? null : { message, field: fieldOf(message, namesIn(form.current!)) }),
  );
  return (
    <form
      ref={form}
      id={id}
      className={className}
      onInput={() => setError(null)}
      onSubmit={(event) => {
        event.preventDefault();
        const { currentTarget } = event;
        void act(() => action(new FormData(currentTarget))).then((done) => done && currentTarget.reset());
      }}
    >
      <FieldErrorContext value={error}>
        <fieldset className="bare" disabled={busy}>
          {children}
        </fieldset>
      </FieldErrorContext>
    </form>
  );
}

function namesIn({ elements }: HTMLFormElement): string[] {
  return [...elements].flatMap((element) => (element instanceof HTMLInputElement ? [element.name] : []));
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
