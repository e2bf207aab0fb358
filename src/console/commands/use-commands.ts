import { useEffect, useState } from 'react';
import { describeError, useApi } from '../api/api.js';
import type { CommandsDto } from '../../realtime/http/operator-shapes.js';

/** Time between two requests, in milliseconds. */
const EVERY_MS = 2_000;

/** Returns the commands with their calls, every two seconds while the page is visible. */
export function useCommands(): { readonly answer: CommandsDto | null; readonly problem: string | null } {
  const api = useApi();
  const [loaded, setLoaded] = useState<{ answer: CommandsDto | null; problem: string | null }>({
    answer: null,
    problem: null,
  });
  useEffect(() => {
    const over = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const load = async (): Promise<void> => {
      try {
        if (!document.hidden) {
          const answer = await api.get<CommandsDto>('commands', {}, over.signal);
          setLoaded({ answer, problem: null });
        }
      } catch (error) {
        if (over.signal.aborted) return;
        setLoaded(({ answer }) => ({ answer, problem: describeError(error) }));
      }
      if (!over.signal.aborted) timer = setTimeout(() => void load(), EVERY_MS);
    };
    void load();
    return () => {
      over.abort();
      clearTimeout(timer);
    };
  }, [api]);
  return loaded;
}
