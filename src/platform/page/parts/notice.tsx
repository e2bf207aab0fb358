import { createContext, useContext, useMemo, useState, type ReactNode } from 'react';

interface Notices {
  readonly text: string | null;
  /** Shows a sentence; `null` takes it away. */
  readonly tell: (text: string | null) => void;
}

const Context = createContext<Notices>({ text: null, tell: () => undefined });

export function NoticeProvider({ children }: { readonly children: ReactNode }) {
  const [text, tell] = useState<string | null>(null);
  const notices = useMemo(() => ({ text, tell }), [text]);
  return <Context value={notices}>{children}</Context>;
}

export function useNotice(): Notices {
  return useContext(Context);
}

/** What went wrong, over the page: nothing moves when it comes and goes. */
export function Notice() {
  const { text, tell } = useNotice();
  if (text === null) return null;
  return (
    <div className="notice">
      <p role="alert">{text}</p>
      <button type="button" className="plain" onClick={() => tell(null)} aria-label="Close this message">
        ×
      </button>
    </div>
  );
}
