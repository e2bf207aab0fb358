import { createContext, useContext, useSyncExternalStore } from 'react';
import { useConnectionState } from '../../../react/index.js';
import { useNotice } from '../parts/notice.js';
import type { Outage } from './outage.js';

export const OutageContext = createContext<Outage | null>(null);

/** Returns the end of the current outage in milliseconds since 1970; `null` without one. */
export function useOutageEnd(): number | null {
  const outage = useOutage();
  return useSyncExternalStore(outage.subscribe, outage.snapshot);
}

/** A button that cuts the connection for ten seconds. */
export function OutageButton() {
  const outage = useOutage();
  const { notify } = useNotice();
  const { state } = useConnectionState();
  const isCut = useOutageEnd() !== null;
  const cut = (): void => void outage.start().catch((error: unknown) => notify((error as Error).message));
  return isCut ? (
    <button type="button" className="quiet small" onClick={() => outage.end()}>
      Restore now
    </button>
  ) : (
    <button
      type="button"
      className="quiet small"
      disabled={state !== 'connected'}
      title="Meanwhile an application is created, renamed twice and deleted. Its events arrive when the connection is back."
      onClick={cut}
    >
      Cut the connection for 10 s
    </button>
  );
}

function useOutage(): Outage {
  const outage = useContext(OutageContext);
  if (outage === null) throw new Error('OutageContext is missing');
  return outage;
}
