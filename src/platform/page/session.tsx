import '../../platform-events/index.js';
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
  /** Called when the session ends, with a message if the user did not sign out. */
  readonly onEnd: (why: string | null) => void;
}

/** One session: its token, its connection, and the data loaded with it. */
export function Session({ signedIn, onEnd }: SessionProps) {
  const { notify } = useNotice();
  const [{ api, client, queries }] = useState(() => begin(signedIn));

  useEffect(() => {
    const failed = (error: Error): void => {
      if (error instanceof ApiError && error.status === 401) onEnd('Your session has ended. Sign in again.');
      else notify(error.message);
    };
    queries.getQueryCache().config.onError = failed;
    return client.on('error', (error) => {
      if (error.code === 'token_invalid' || error.code === 'token_expired') onEnd(error.message);
      else notify(error.channel === undefined ? error.message : `${error.channel}: ${error.message}`);
    });
  }, [client, queries, onEnd, notify]);

  // StrictMode runs effects twice, so a closed client must connect again.
  useEffect(() => {
    client.connect();
    return () => client.close();
  }, [client]);

  const signOut = (): void => {
    const failed = (error: Error): void => notify(error.message);
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
    // No reloads by time or focus: events report changes, and the client reports missed events.
    queries: new QueryClient({
      queryCache: new QueryCache(),
      defaultOptions: {
        queries: { staleTime: Infinity, refetchOnWindowFocus: false, refetchOnReconnect: false, retry: 1 },
      },
    }),
  };
}
