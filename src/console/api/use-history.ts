import { useEffect, useState } from 'react';
import { EMPTY, withPast, withStats, type History } from '../overview/history.js';
import { describeError, useApi } from './api.js';
import type { StatsDto, StatsHistoryDto } from '../../realtime/http/operator-shapes.js';

const EVERY_MS = 1_000;

/**
 * Polls the metrics of all instances every second, and loads those of the last five minutes once. Pauses while the page is
 * hidden.
 */
export function useHistory(): { readonly history: History; readonly problem: string | null } {
  const api = useApi();
  const [history, setHistory] = useState(EMPTY);
  const [problem, setProblem] = useState<string | null>(null);
  useEffect(() => {
    const over = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    let isLoading = false;
    let hasPast = false;
    const loadPast = async (): Promise<void> => {
      const past = await api.get<StatsHistoryDto>('stats/history', {}, over.signal);
      hasPast = true;
      setHistory((before) => withPast(before, past));
    };
    const ask = async (): Promise<void> => {
      if (document.hidden || isLoading) return;
      isLoading = true;
      try {
        const stats = await api.get<StatsDto>('stats', {}, over.signal);
        setHistory((before) => withStats(before, stats, Date.now()));
        if (!hasPast) await loadPast();
        setProblem(null);
      } catch (error) {
        if (!over.signal.aborted) setProblem(describeError(error));
      }
      isLoading = false;
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
