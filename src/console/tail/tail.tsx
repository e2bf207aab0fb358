import { useState, type FormEvent } from 'react';
import { textOf } from '../api/form.js';
import { ChannelInput } from '../channels/channel-input.js';
import { SETTINGS } from '../settings.js';
import { nameOf, type FollowedChannel } from './followed-channel.js';
import { Followed } from './followed.js';
import { TenantConnection } from './tenant-connection.js';

interface TailProps {
  readonly followed: FollowedChannel;
  /** Channels that were followed before, newest first. */
  readonly recent: readonly FollowedChannel[];
  readonly onFollow: (followed: FollowedChannel) => void;
}

/** Shows the kept events of a channel, and new ones live. */
export function Tail({ followed, recent, onFollow }: TailProps) {
  const [turn, setTurn] = useState(0);
  const follow = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const fields = new FormData(event.currentTarget);
    onFollow({ channel: textOf(fields, 'channel'), tenant: textOf(fields, 'tenant') });
    setTurn(turn + 1);
  };
  const name = nameOf(followed);
  const others = recent.filter((one) => nameOf(one) !== name);
  return (
    <section className="card" aria-labelledby="tail-title">
      <header>
        <h2 id="tail-title">Live tail</h2>
      </header>
      <form className="filters" onSubmit={follow} key={name}>
        <ChannelInput
          label="Channel to follow"
          name="channel"
          defaultValue={followed.channel}
          recent={[...new Set(recent.map(({ channel }) => channel))]}
        />
        {SETTINGS.hasTenants && (
          <label>
            Tenant
            <input name="tenant" placeholder="none: a global channel" defaultValue={followed.tenant} />
          </label>
        )}
        <button type="submit">Follow</button>
      </form>
      {others.length > 0 && (
        <div className="recent" role="group" aria-label="Recent channels">
          <span className="faint small">Recent</span>
          {others.map((one) => (
            <button key={nameOf(one)} type="button" className="quiet chip" onClick={() => onFollow(one)}>
              {nameOf(one)}
            </button>
          ))}
        </div>
      )}
      {followed.channel === '' ? (
        <p className="empty">Follow a channel to see the events that it keeps, and new ones as they arrive.</p>
      ) : (
        <TenantConnection key={`${name} ${turn}`} tenant={followed.tenant}>
          <Followed {...followed} />
        </TenantConnection>
      )}
    </section>
  );
}
