import { useEffect, useState } from 'react';
import { EMPTY, withStats, type History } from '../overview/history.js';
import { describeError, useApi } from './api.js';
import type { Stats } from './types.js';

const EVERY_MS = 1_000;

/** What the instances did since this page was opened. Asked each second, and not at all while nobody sees the page. */
export function useHistory(): { readonly history: History; readonly problem: string | null } {
  const api = useApi();
  const [history, setHistory] = useState(EMPTY);
  const [problem, setProblem] = useState<string | null>(null);
  useEffect(() => {
    const over = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    let isAsking = false;
    const ask = async (): Promise<void> => {
      if (document.hidden || isAsking) return;
      isAsking = true;
      try {
        const stats = await api.get<Stats>('stats', {}, over.signal);
        setHistory((before) => withStats(before, stats, Date.now()));
        setProblem(null);
      } catch (error) {
        if (!over.signal.aborted) setProblem(describeError(error));
      }
      isAsking = false;
      if (!over.signal.aborted) timer = setTimeout(() => void ask(), EVERY_MS);
    };
    const look = (): void => {
      clearTimeout(timer);
      void ask();
    };
    document.addEventListener('visibilitychange', look);
    look();
    return () => {
      over.abort();
      clearTimeout(timer);
      document.removeEventListener('visibilitychange', look);
    };
  }, [api]);
  return { history, problem };
}
