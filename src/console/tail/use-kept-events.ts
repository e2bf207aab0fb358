import { useCallback, useEffect, useRef, useState } from 'react';
import type { HistoryDto } from '../../realtime/http/operator-shapes.js';
import { describeError, useApi } from '../api/api.js';
import type { KeptEvent } from './entries.js';
import type { FollowedChannel } from './followed-channel.js';

/** Events of a page. */
const PAGE = '50';

/** The loaded pages of a history. */
interface Kept {
  /** Oldest first. `null` until the first page is loaded. */
  readonly events: readonly KeptEvent[] | null;
  readonly more: boolean;
  readonly isLoading: boolean;
  readonly problem: string | null;
}

const NOTHING: Kept = { events: null, more: false, isLoading: false, problem: null };

/** Loads the kept events of a channel, page by page, the newest page first. @param isReady loads nothing before it is true */
export function useKeptEvents(
  { channel, tenant }: FollowedChannel,
  isReady: boolean,
): Kept & { readonly loadOlder: () => void } {
  const api = useApi();
  const [kept, setKept] = useState(NOTHING);
  const running = useRef<AbortController | null>(null);
  const load = useCallback(
    async (known: readonly KeptEvent[]): Promise<void> => {
      if (running.current !== null) return;
      const call = (running.current = new AbortController());
      setKept((before) => ({ ...before, isLoading: true, problem: null }));
      try {
        const query = { limit: PAGE, tenant, before: known[0]?.id ?? '' };
        const path = `channels/${encodeURIComponent(channel)}/history`;
        const { events, more } = await api.get<HistoryDto>(path, query, call.signal);
        if (running.current === call) setKept({ events: [...events, ...known], more, isLoading: false, problem: null });
      } catch (error) {
        if (running.current !== call) return;
        setKept((before) => ({ ...before, isLoading: false, problem: describeError(error) }));
      } finally {
        if (running.current === call) running.current = null;
      }
    },
    [api, channel, tenant],
  );
  useEffect(() => {
    if (!isReady) return undefined;
    void load([]);
    return () => {
      running.current?.abort();
      running.current = null;
      setKept(NOTHING);
    };
  }, [load, isReady]);
  return { ...kept, loadOlder: () => void load(kept.events ?? []) };
}
