import { useEffect, useState } from 'react';
import { EMPTY } from '../overview/history.js';
import { useApi } from './api.js';
import { HistoryPoll, type Polled } from './history-poll.js';

/** Returns the metrics of all instances of the last five minutes. Pauses while the page is hidden. */
export function useHistory(): Polled {
  const api = useApi();
  const [polled, setPolled] = useState<Polled>({ history: EMPTY, problem: null });
  useEffect(() => {
    const history = new HistoryPoll(api, () => document.hidden, setPolled);
    const poll = (): void => history.poll();
    document.addEventListener('visibilitychange', poll);
    poll();
    return () => {
      history.stop();
      document.removeEventListener('visibilitychange', poll);
    };
  }, [api]);
  return polled;
}
