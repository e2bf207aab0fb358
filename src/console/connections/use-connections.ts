import { useCallback, useEffect, useRef, useState } from 'react';
import { describeError, useApi } from '../api/api.js';
import type { ConnectionDto, ConnectionsDto } from '../../realtime/http/operator-shapes.js';

const PAGE = 500;

/** Filter and sort order of the connection list. */
export type ConnectionQuery = Readonly<Record<'search' | 'sort' | 'order' | 'instance' | 'channel', string>>;

const NONE: ConnectionsDto = { connections: [], total: 0, next: null, unanswered: [] };

/** Loads the matching connections page by page. */
export function useConnections(query: ConnectionQuery) {
  const api = useApi();
  const [rows, setRows] = useState(NONE);
  const [problem, setProblem] = useState<string | null>(null);
  const [turn, setTurn] = useState(0);
  const current = useRef(new AbortController());
  const isLoading = useRef(false);
  const { search, sort, order, instance, channel } = query;

  const load = useCallback(
    async (cursor: string, before: readonly ConnectionDto[]): Promise<void> => {
      const { signal } = current.current;
      isLoading.current = true;
      try {
        const asked = { search, sort, order, instance, channel, limit: String(PAGE), cursor };
        const page = await api.get<ConnectionsDto>('connections', asked, signal);
        setRows({ ...page, connections: [...before, ...page.connections] });
        setProblem(null);
      } catch (error) {
        if (!signal.aborted) setProblem(describeError(error));
      }
      if (!signal.aborted) isLoading.current = false;
    },
    [api, search, sort, order, instance, channel],
  );

  useEffect(() => {
    const over = new AbortController();
    current.current = over;
    const wait = setTimeout(() => void load('', []), 150); // one request after the user stops typing
    return () => {
      clearTimeout(wait);
      over.abort();
    };
  }, [load, turn]);

  return {
    rows,
    problem,
    reload: useCallback(() => setTurn((before) => before + 1), []),
    more: useCallback(() => {
      if (rows.next !== null && !isLoading.current) void load(rows.next, rows.connections);
    }, [load, rows]),
    /** Removes a connection that was closed. */
    without: useCallback((id: string) => {
      setRows((before) => ({
        ...before,
        connections: before.connections.filter((one) => one.id !== id),
        total: before.total - 1,
      }));
    }, []),
  };
}
