import { useEffect, useState } from 'react';
import { describeError, useApi } from './api.js';

/** Loads an answer of the API once for each path. @param path `null` to load nothing */
export function useLoaded<T>(path: string | null): { readonly answer: T | null; readonly problem: string | null } {
  const api = useApi();
  const [loaded, setLoaded] = useState<{ path: string; answer: T | null; problem: string | null } | null>(null);
  useEffect(() => {
    if (path === null) return;
    const over = new AbortController();
    api.get<T>(path, {}, over.signal).then(
      (answer) => setLoaded({ path, answer, problem: null }),
      (error: unknown) => {
        if (!over.signal.aborted) setLoaded({ path, answer: null, problem: describeError(error) });
      },
    );
    return () => over.abort();
  }, [api, path]);
  const current = loaded?.path === path ? loaded : null;
  return { answer: current?.answer ?? null, problem: current?.problem ?? null };
}
