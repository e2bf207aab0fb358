import { QueryCache, QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { createRealtimeClient, type RealtimeClient } from '../../client/index.js';
import { RealtimeProvider } from '../../react/index.js';
import { Api, ApiContext, ApiError } from './api/api.js';
import type { SignedIn } from './api/types.js';
import { Dashboard } from './dashboard.js';
import { useNotice } from './parts/notice.js';

interface SessionProps {
  readonly signedIn: SignedIn;
  /** It ended, with a sentence where that was not wanted. */
  readonly onEnd: (why: string | null) => void;
}

/** What belongs to one sign-in: a token, a connection, and what was loaded with it. */
export function Session({ signedIn, onEnd }: SessionProps) {
  const { tell } = useNotice();
  const [{ api, client, queries }] = useState(() => begin(signedIn));

  useEffect(() => {
    const failed = (error: Error): void => {
      if (error instanceof ApiError && error.status === 401) onEnd('Your sign-in has ended. Sign in again.');
      else tell(error.message);
    };
    queries.getQueryCache().config.onError = failed;
    return client.on('error', (error) => {
      if (error.code === 'token_invalid' || error.code === 'token_expired') onEnd(error.message);
      else tell(error.channel === undefined ? error.message : `${error.channel}: ${error.message}`);
    });
  }, [client, queries, onEnd, tell]);

  // StrictMode takes an effect back and runs it again: what it closed, it opens again.
  useEffect(() => {
    client.connect();
    return () => client.close();
  }, [client]);

  const signOut = (): void => {
    const failed = (error: Error): void => tell(error.message);
    api.post('/auth/logout').catch(failed);
    onEnd(null);
  };

  return (
    <ApiContext value={api}>
      <QueryClientProvider client={queries}>
        <RealtimeProvider client={client}>
          <Dashboard user={signedIn.user} onSignOut={signOut} />
        </RealtimeProvider>
      </QueryClientProvider>
    </ApiContext>
  );
}

function begin({ token }: SignedIn): { api: Api; client: RealtimeClient; queries: QueryClient } {
  return {
    api: new Api(token),
    client: createRealtimeClient({ url: '/ws', token }),
    // Nothing is loaded again by a clock or a click: events say what changed, and the client says where some are missing.
    queries: new QueryClient({
      queryCache: new QueryCache(),
      defaultOptions: {
        queries: { staleTime: Infinity, refetchOnWindowFocus: false, refetchOnReconnect: false, retry: 1 },
      },
    }),
  };
}
