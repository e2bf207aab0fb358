import { useState } from 'react';
import type { RealtimeEvent } from '../../../client/index.js';
import { useNames } from '../api/queries.js';
import { useConnectionLog } from '../connection/connection-log.js';
import { actorOf } from './describe-event.js';
import { eventKey } from './event-key.js';
import { FeedItem } from './feed-item.js';
import { groupEvents } from './group-events.js';

/** Shows events, newest first, and each deployment as one row. "Clear" hides the events shown so far. */
export function Feed({ events }: { readonly events: readonly RealtimeEvent[] }) {
  const nameOf = useNames();
  const log = useConnectionLog();
  const [cleared, setCleared] = useState<RealtimeEvent>();
  const shown = events.slice(cleared === undefined ? 0 : events.lastIndexOf(cleared) + 1);
  return (
    <section className="card feed" aria-labelledby="feed-title">
      <header>
        <h2 id="feed-title">Events</h2>
        <button
          type="button"
          className="plain small"
          disabled={shown.length === 0}
          onClick={() => setCleared(events.at(-1))}
        >
          Clear
        </button>
      </header>
      {shown.length === 0 && <p className="empty">No events yet. Create an application to see its events here.</p>}
      <div id="feed" role="log" aria-live="polite" aria-relevant="additions text" aria-labelledby="feed-title">
        <ol>
          {groupEvents(shown, eventKey).map((row) => {
            const actor = row.events.map(actorOf).find((id) => id !== null) ?? null;
            return (
              <FeedItem
                key={row.key}
                {...{ row, actor }}
                name={actor === null ? null : nameOf(actor)}
                isRecovered={row.events.some((event) => log.isRecovered(event))}
              />
            );
          })}
        </ol>
      </div>
    </section>
  );
}
