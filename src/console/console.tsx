import { useCallback, useEffect, useMemo, useState } from 'react';
import { createRealtimeClient } from '../client/index.js';
import { RealtimeProvider } from '../react/index.js';
import { Api, ApiContext } from './api/api.js';
import { KEPT } from './kept-token.js';
import { SETTINGS } from './settings.js';
import { Shell } from './shell.js';
import { SignIn } from './sign-in.js';

export function Console() {
  const [token, setToken] = useState(() => sessionStorage.getItem(KEPT));
  const [why, setWhy] = useState<string | null>(null);
  const [isFirst, setFirst] = useState(true);

  const start = (good: string): void => {
    sessionStorage.setItem(KEPT, good);
    setFirst(false);
    setWhy(null);
    setToken(good);
  };
  const end = useCallback((reason: string | null) => {
    sessionStorage.removeItem(KEPT);
    setFirst(false);
    setWhy(reason);
    setToken(null);
  }, []);

  if (token === null) return <SignIn why={why} isFirst={isFirst} onSignedIn={start} />;
  return <Session token={token} onEnd={end} />;
}

interface SessionProps {
  readonly token: string;
  readonly onEnd: (why: string | null) => void;
}

function Session({ token, onEnd }: SessionProps) {
  const api = useMemo(() => new Api(token, onEnd), [token, onEnd]);
  // The client connects when the user tails the first channel.
  const [client] = useState(() => createRealtimeClient({ url: SETTINGS.path, getToken: () => token }));
  useEffect(() => {
    const leave = (): void => client.close();
    addEventListener('pagehide', leave);
    return () => removeEventListener('pagehide', leave);
  }, [client]);
  const signOut = (): void => {
    client.close();
    onEnd(null);
  };
  return (
    <ApiContext value={api}>
      <RealtimeProvider client={client}>
        <Shell onSignOut={signOut} />
      </RealtimeProvider>
    </ApiContext>
  );
}
