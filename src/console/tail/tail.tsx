import { useState, type FormEvent } from 'react';
import type { RealtimeEvent } from '../../client/index.js';
import { textOf } from '../api/form.js';
import { useChannelState, useEvents } from '../../react/index.js';

const LIMIT = 200;

interface TailProps {
  readonly channel: string;
  readonly onChannel: (channel: string) => void;
}

/** Shows the events of a channel live. */
export function Tail({ channel, onChannel }: TailProps) {
  const follow = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    onChannel(textOf(new FormData(event.currentTarget), 'channel'));
  };
  return (
    <section className="card" aria-labelledby="tail-title">
      <header>
        <h2 id="tail-title">Live tail</h2>
      </header>
      <form className="filters" onSubmit={follow} key={channel}>
        <label>
          Channel to follow
          <input name="channel" defaultValue={channel} required pattern="\S+" />
        </label>
        <button type="submit">Follow</button>
      </form>
      {channel !== '' && <Followed key={channel} channel={channel} />}
    </section>
  );
}

function Followed({ channel }: { readonly channel: string }) {
  const events = useEvents<string>(channel, { limit: LIMIT });
  const { state, reason } = useChannelState<string>(channel);
  const [held, setHeld] = useState<readonly RealtimeEvent[] | null>(null);
  const shown = held ?? events;
  const newest = held?.at(-1);
  const since = held === null ? 0 : newest === undefined ? events.length : events.length - 1 - events.indexOf(newest);
  const isMore = since === LIMIT; // the newest event that is shown is older than all kept events
  return (
    <>
      <div className="tail-bar">
        <p role="status">
          <span className="state" data-condition={state === 'subscribed' ? 'serving' : 'draining'}>
            {state}
          </span>{' '}
          {state === 'refused' && reason}
          {held !== null && ` paused, ${since}${isMore ? '+' : ''} new`}
        </p>
        <button
          type="button"
          className="quiet"
          aria-pressed={held !== null}
          onClick={() => setHeld(held === null ? events : null)}
        >
          Pause
        </button>
      </div>
      <ol className="tail" tabIndex={0} aria-label={`Events of ${channel}, newest first`}>
        {shown.toReversed().map((event, n) => (
          <li key={event.id ?? `${event.timestamp} ${shown.length - n}`}>
            <details>
              <summary>
                <time dateTime={event.timestamp}>{new Date(event.timestamp).toLocaleTimeString()}</time>{' '}
                <code>{JSON.stringify(event.data)}</code>
              </summary>
              <pre>{JSON.stringify(event, null, 2)}</pre>
            </details>
          </li>
        ))}
      </ol>
    </>
  );
}
