import { memo, useState } from 'react';
import type { RealtimeEvent } from '../../../client/index.js';
import { useNames } from '../api/queries.js';
import { Avatar } from '../parts/avatar.js';
import { describeEvent, actorOf, isAction } from './describe-event.js';
import { eventKey } from './event-key.js';

/** Shows events, newest first. "Clear" hides the events shown so far. */
export function Feed({ events }: { readonly events: readonly RealtimeEvent[] }) {
  const nameOf = useNames();
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
      <div id="feed" role="log" aria-live="polite" aria-relevant="additions" aria-labelledby="feed-title">
        <ol>
          {shown.toReversed().map((event) => {
            const actor = actorOf(event);
            return (
              <FeedItem
                key={eventKey(event)}
                event={event}
                actor={actor}
                name={actor === null ? null : nameOf(actor)}
              />
            );
          })}
        </ol>
      </div>
    </section>
  );
}

interface FeedItemProps {
  readonly event: RealtimeEvent;
  readonly actor: string | null;
  readonly name: string | null;
}

const FeedItem = memo(function FeedItem({ event, actor, name }: FeedItemProps) {
  const { channel, timestamp, data, id } = event;
  return (
    <li className="event" data-channel={channel} data-group={channel.split(':', 1)[0]}>
      <details>
        <summary>
          {actor === null || name === null ? (
            <span className="avatar system" aria-hidden="true" />
          ) : (
            <Avatar id={actor} name={name} />
          )}
          <span className="about">
            {name !== null && isAction(event) && <strong>{name} </strong>}
            {describeEvent(event)}
          </span>
          <time dateTime={timestamp}>{new Date(timestamp).toLocaleTimeString()}</time>
          <span className="channel">{channel}</span>
        </summary>
        <pre>{JSON.stringify({ id, data }, null, 2)}</pre>
      </details>
    </li>
  );
});
