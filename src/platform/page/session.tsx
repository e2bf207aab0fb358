import '../../platform-events/index.js';
import { QueryCache, QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { createRealtimeClient, type RealtimeClient } from '../../client/index.js';
import { RealtimeProvider } from '../../react/index.js';
import { Api, ApiContext, ApiError } from './api/api.js';
import type { SignedIn } from './api/types.js';
import { ConnectionLog, ConnectionLogContext } from './connection/connection-log.js';
import { createNetwork } from './connection/network.js';
import { Dashboard } from './dashboard.js';
import { Outage } from './demo/outage.js';
import { OutageContext } from './demo/outage-button.js';
import { useNotice } from './parts/notice.js';

interface SessionProps {
  readonly signedIn: SignedIn;
  /** Called when the session ends, with a message if the user did not sign out. */
  readonly onEnd: (why: string | null) => void;
}

/** One session: its token, its connection, and the data loaded with it. */
export function Session({ signedIn, onEnd }: SessionProps) {
  const { notify } = useNotice();
  const [{ api, client, queries, log, outage }] = useState(() => begin(signedIn));

  useEffect(() => {
    const failed = (error: Error): void => {
      if (error instanceof ApiError && error.status === 401) onEnd('Your session has ended. Sign in again.');
      else notify(error.message);
    };
    queries.getQueryCache().config.onError = failed;
    return client.on('error', (error) => {
      if (error.code === 'unreachable') return; // the connection badge shows it
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
          <ConnectionLogContext value={log}>
            <OutageContext value={outage}>
              <Dashboard user={signedIn.user} onSignOut={signOut} />
            </OutageContext>
          </ConnectionLogContext>
        </RealtimeProvider>
      </QueryClientProvider>
    </ApiContext>
  );
}

function begin({ token }: SignedIn) {
  const api = new Api(token);
  const log = new ConnectionLog();
  const network = createNetwork(WebSocket);
  const client: RealtimeClient = createRealtimeClient({
    ...{ url: '/ws', token, WebSocket: network.WebSocket, debug: log.replays.debug },
  });
  return {
    ...{ api, client, log, outage: new Outage(network, client, api) },
    // No reloads by time or focus: events report changes, and the client reports missed events.
    queries: new QueryClient({
      queryCache: new QueryCache(),
      defaultOptions: {
        queries: { staleTime: Infinity, refetchOnWindowFocus: false, refetchOnReconnect: false, retry: 1 },
      },
    }),
  };
}
