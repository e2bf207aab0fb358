import { useEffect, useSyncExternalStore } from 'react';
import { useRealtimeClient } from '../../../react/index.js';
import { useConnectionLog } from './connection-log.js';

/** Shows when the connection was lost, and how many events were recovered. */
export function ConnectionPanel({ channels }: { readonly channels: readonly string[] }) {
  const client = useRealtimeClient();
  const log = useConnectionLog();
  const entries = useSyncExternalStore(log.subscribe, log.snapshot);
  useEffect(() => log.watch(client, channels), [log, client, channels]);
  return (
    <section className="card" aria-labelledby="connection-title">
      <header>
        <h2 id="connection-title">Connection</h2>
      </header>
      <ol className="log">
        {entries.map(({ at, kind, text }) => (
          <li key={`${at} ${text}`} data-kind={kind}>
            <time dateTime={at}>{new Date(at).toLocaleTimeString()}</time>
            <span>{text}</span>
          </li>
        ))}
      </ol>
    </section>
  );
}
