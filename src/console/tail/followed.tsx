import { useMemo, useState } from 'react';
import { useChannelState, useEvents } from '../../react/index.js';
import { sizeOf } from '../size.js';
import { timeText } from '../time.js';
import { entriesOf, matching, type KeptEvent } from './entries.js';
import type { FollowedChannel } from './followed-channel.js';
import { useKeptEvents } from './use-kept-events.js';

/** Maximum number of live events shown. */
const LIMIT = 200;

/** The events of one channel, newest first. */
export function Followed({ channel, tenant }: FollowedChannel) {
  const live = useEvents<string>(channel, { limit: LIMIT }) as readonly KeptEvent[];
  const { state, reason } = useChannelState<string>(channel);
  const [wasSubscribed, setWasSubscribed] = useState(false);
  // A channel that is refused has nothing to load.
  if (state === 'subscribed' && !wasSubscribed) setWasSubscribed(true);
  const kept = useKeptEvents({ channel, tenant }, wasSubscribed);
  const { problem } = kept;
  const [held, setHeld] = useState<readonly KeptEvent[] | null>(null);
  const [filter, setFilter] = useState('');
  const shown = held ?? live;
  const all = useMemo(() => entriesOf(kept.events ?? [], shown), [kept.events, shown]);
  const entries = matching(all, filter);
  return (
    <>
      <div className="tail-bar">
        <p role="status">
          <span className="state" data-condition={state === 'subscribed' ? 'serving' : 'draining'}>
            {state}
          </span>{' '}
          {state === 'refused' && reason}
          {held !== null && ` paused, ${newSince(held, live)} new`}
        </p>
        <input
          type="search"
          aria-label="Filter by id or data"
          placeholder="Filter by id or data"
          value={filter}
          onChange={({ target }) => setFilter(target.value)}
        />
        <button
          type="button"
          className="quiet"
          aria-pressed={held !== null}
          onClick={() => setHeld(held === null ? live : null)}
        >
          Pause
        </button>
      </div>
      {problem !== null && <p className="faint">No earlier events: {problem}</p>}
      {all.length > entries.length && (
        <p className="faint" role="status">
          {entries.length} of {all.length} events match
        </p>
      )}
      {all.length === 0 && (kept.events !== null || problem !== null) && <p className="empty">No events yet.</p>}
      <ol className="tail" tabIndex={0} aria-label={`Events of ${channel}, newest first`}>
        {entries.map(({ key, id, timestamp, json, bytes, isKept }) => (
          <li key={key} data-kept={isKept}>
            <details>
              <summary>
                <time dateTime={timestamp}>{timeText(timestamp)}</time>
                <span className="faint">{id === null ? 'no id' : shortId(id)}</span>
                <span className="faint number">{sizeOf(bytes)}</span>
                <code>{json}</code>
              </summary>
              <pre>{JSON.stringify({ id, timestamp, data: JSON.parse(json) as unknown }, null, 2)}</pre>
            </details>
          </li>
        ))}
      </ol>
      {kept.more && (
        <button type="button" className="quiet" disabled={kept.isLoading} onClick={kept.loadOlder}>
          Load older events
        </button>
      )}
    </>
  );
}

/** Returns the end of an id: the epoch before it is the same for most events of a channel. */
function shortId(id: string): string {
  return id.length <= 12 ? id : `…${id.slice(-9)}`;
}

/** Returns the number of events since the list was paused; `200+` if the newest one that is shown is older than all kept events. */
function newSince(held: readonly KeptEvent[], live: readonly KeptEvent[]): string {
  const newest = held.at(-1);
  const since = newest === undefined ? live.length : live.length - 1 - live.indexOf(newest);
  return `${since}${since === LIMIT ? '+' : ''}`;
}
