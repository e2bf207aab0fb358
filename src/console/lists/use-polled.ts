import { useEffect, useState } from 'react';
import { describeError, useApi } from '../api/api.js';

/** Time between two requests, in milliseconds. */
const EVERY_MS = 2_000;
/** Time after the user stops typing, in milliseconds. */
const TYPING_MS = 150;

/** The last answer of a request, and why the one after it failed. */
export interface Polled<T> {
  readonly answer: T | null;
  readonly problem: string | null;
  /** Requests again at once. */
  readonly reload: () => void;
}

/** Repeats a request of the operator API every two seconds while the page is visible. */
export function usePolled<T>(path: string, search = '', limit = ''): Polled<T> {
  const api = useApi();
  const [turn, setTurn] = useState(0);
  const [loaded, setLoaded] = useState<{ answer: T | null; problem: string | null }>({ answer: null, problem: null });
  useEffect(() => {
    const over = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const load = async (): Promise<void> => {
      try {
        if (!document.hidden) {
          const answer = await api.get<T>(path, { search, limit }, over.signal);
          setLoaded({ answer, problem: null });
        }
      } catch (error) {
        if (over.signal.aborted) return;
        setLoaded(({ answer }) => ({ answer, problem: describeError(error) }));
      }
      if (!over.signal.aborted) timer = setTimeout(() => void load(), EVERY_MS);
    };
    if (search === '') void load();
    else timer = setTimeout(() => void load(), TYPING_MS);
    return () => {
      over.abort();
      clearTimeout(timer);
    };
  }, [api, path, search, limit, turn]);
  return { ...loaded, reload: () => setTurn((before) => before + 1) };
}
