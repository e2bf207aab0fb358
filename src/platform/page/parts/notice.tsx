import { createContext, useContext, useMemo, useState, type ReactNode } from 'react';

interface Notices {
  readonly text: string | null;
  /** Shows a message; `null` hides it. */
  readonly notify: (text: string | null) => void;
}

const Context = createContext<Notices>({ text: null, notify: () => undefined });

export function NoticeProvider({ children }: { readonly children: ReactNode }) {
  const [text, notify] = useState<string | null>(null);
  const notices = useMemo(() => ({ text, notify }), [text]);
  return <Context value={notices}>{children}</Context>;
}

export function useNotice(): Notices {
  return useContext(Context);
}

/** Shows errors over the page, so that the layout does not shift. */
export function Notice() {
  const { text, notify } = useNotice();
  if (text === null) return null;
  return (
    <div className="notice">
      <p role="alert">{text}</p>
      <button type="button" className="plain" onClick={() => notify(null)} aria-label="Dismiss">
        ×
      </button>
    </div>
  );
}
