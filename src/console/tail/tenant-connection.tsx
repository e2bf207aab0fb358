import { useEffect, useState, type ReactNode } from 'react';
import { createRealtimeClient } from '../../client/index.js';
import { RealtimeProvider } from '../../react/index.js';
import { useApi } from '../api/api.js';
import { SETTINGS } from '../settings.js';

interface TenantConnectionProps {
  /** Tenant to act for. If it is empty, the connection of the console is used. */
  readonly tenant: string;
  readonly children: ReactNode;
}

/**
 * Opens a connection that acts for a tenant, for as long as it is shown. The connection of the console cannot change its
 * tenant.
 */
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
