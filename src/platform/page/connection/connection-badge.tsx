import { useConnectionState, useRealtimeClient } from '../../../react/index.js';
import { useNow } from '../parts/ago.js';
import { describeConnection, describeWait } from './describe.js';
import { useSince } from './use-since.js';

/** Shows the connection state. Screen readers announce the state, but not the countdown. */
export function ConnectionBadge() {
  const client = useRealtimeClient();
  const change = useConnectionState();
  const since = useSince(change);
  const now = useNow(500);
  return (
    <div className="connection-box">
      <p className="connection" id="connection" role="status" data-state={change.state}>
        <span>
          {describeConnection(change)}
          <span aria-hidden="true">{describeWait(change, since, now)}</span>
        </span>
      </p>
      {change.state === 'closed' && (
        <button type="button" className="quiet small" onClick={() => client.connect()}>
          Reconnect
        </button>
      )}
    </div>
  );
}
