import { useState, type FormEvent } from 'react';
import { textOf } from '../api/form.js';
import { ChannelInput } from '../channels/channel-input.js';
import { Followed } from './followed.js';

interface TailProps {
  readonly channel: string;
  /** Channels that were followed before, newest first. */
  readonly recent: readonly string[];
  readonly onChannel: (channel: string) => void;
}

/** Shows the kept events of a channel, and new ones live. */
export function Tail({ channel, recent, onChannel }: TailProps) {
  const [turn, setTurn] = useState(0);
  const follow = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    onChannel(textOf(new FormData(event.currentTarget), 'channel'));
    setTurn(turn + 1);
  };
  const others = recent.filter((name) => name !== channel);
  return (
    <section className="card" aria-labelledby="tail-title">
      <header>
        <h2 id="tail-title">Live tail</h2>
      </header>
      <form className="filters" onSubmit={follow} key={channel}>
        <ChannelInput label="Channel to follow" name="channel" defaultValue={channel} recent={recent} />
        <button type="submit">Follow</button>
      </form>
      {others.length > 0 && (
        <div className="recent" role="group" aria-label="Recent channels">
          <span className="faint small">Recent</span>
          {others.map((name) => (
            <button key={name} type="button" className="quiet chip" onClick={() => onChannel(name)}>
              {name}
            </button>
          ))}
        </div>
      )}
      {channel === '' ? (
        <p className="empty">Follow a channel to see the events that it keeps, and new ones as they arrive.</p>
      ) : (
        <Followed key={`${channel} ${turn}`} channel={channel} />
      )}
    </section>
  );
}
