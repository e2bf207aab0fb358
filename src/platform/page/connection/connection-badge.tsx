import { useSyncExternalStore } from 'react';
import { useConnectionState, useRealtimeClient } from '../../../react/index.js';
import { OutageButton, useOutageEnd } from '../demo/outage-button.js';
import { useNow } from '../parts/ago.js';
import { useConnectionLog } from './connection-log.js';
import { describeConnection, describeOutage, describeWait } from './describe.js';
import { useSince } from './use-since.js';

/** Time for which the result of a reconnect is shown, in milliseconds. */
const RESULT_MS = 20_000;

/** Shows the connection state. Screen readers announce the state, but not the countdown. */
export function ConnectionBadge() {
  const client = useRealtimeClient();
  const log = useConnectionLog();
  const change = useConnectionState();
  const since = useSince(change);
  const outageEnd = useOutageEnd();
  const [last] = useSyncExternalStore(log.subscribe, log.snapshot);
  const now = useNow(500);
  const isBack = change.state === 'connected' && last?.isReturn === true && now - Date.parse(last.at) < RESULT_MS;
  return (
    <div className="connection-box">
      <p className="connection" id="connection" role="status" data-state={change.state}>
        <span>
          {isBack ? last.text : outageEnd !== null ? 'Connection cut' : describeConnection(change)}
          <span aria-hidden="true">
            {outageEnd !== null ? describeOutage(outageEnd, now) : describeWait(change, since, now)}
          </span>
        </span>
      </p>
      {change.state === 'closed' ? (
        <button type="button" className="quiet small" onClick={() => client.connect()}>
          Reconnect
        </button>
      ) : (
        <OutageButton />
      )}
    </div>
  );
}
