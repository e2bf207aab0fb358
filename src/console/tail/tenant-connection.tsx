import { useEffect, useState, type ReactNode } from 'react';
import { createRealtimeClient } from '../../client/index.js';
import { RealtimeProvider } from '../../react/index.js';
import { useApi } from '../api/api.js';
import { SETTINGS } from '../settings.js';

interface TenantConnectionProps {
  /** Empty: the connection of the console. */
  readonly tenant: string;
  readonly children: ReactNode;
}

/** A connection that acts for a tenant, while it is shown: a connection acts for one tenant at most. */
export function TenantConnection({ tenant, children }: TenantConnectionProps) {
  return tenant === '' ? children : <Separate tenant={tenant}>{children}</Separate>;
}

function Separate({ tenant, children }: TenantConnectionProps) {
  const { token } = useApi();
  const url = `${SETTINGS.path}?tenant=${encodeURIComponent(tenant)}`;
  const [client] = useState(() => createRealtimeClient({ url, getToken: () => token }));
  // StrictMode runs effects twice, so a closed client must connect again.
  useEffect(() => {
    client.connect();
    return () => client.close();
  }, [client]);
  return <RealtimeProvider client={client}>{children}</RealtimeProvider>;
}
