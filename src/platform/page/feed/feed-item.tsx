import { memo } from 'react';
import { Avatar } from '../parts/avatar.js';
import { Steps } from '../parts/steps.js';
import { describeDeployment, describeEvent, isAction } from './describe-event.js';
import type { FeedRow } from './group-events.js';

interface FeedItemProps {
  readonly row: FeedRow;
  readonly actor: string | null;
  readonly name: string | null;
  /** The row has an event that was missed and recovered later. */
  readonly isRecovered: boolean;
}

/** A row of the feed. It opens to the data of its events. */
export const FeedItem = memo(function FeedItem({ row, actor, name, isRecovered }: FeedItemProps) {
  const { events, deployment } = row;
  const last = events.at(-1)!;
  const { channel, timestamp } = last;
  return (
    <li className="event" data-channel={channel} data-group={channel.split(':', 1)[0]} data-status={deployment?.status}>
      <details>
        <summary>
          {actor === null || name === null ? (
            <span className="avatar system" aria-hidden="true" />
          ) : (
            <Avatar id={actor} name={name} />
          )}
          <span className="about">
            {name !== null && (deployment !== null || isAction(last)) && <strong>{name} </strong>}
            {deployment === null ? describeEvent(last) : describeDeployment(deployment)}
          </span>
          <time dateTime={timestamp}>{new Date(timestamp).toLocaleTimeString()}</time>
          <span className="channel">
            {channel}
            {events.length > 1 && ` · ${events.length} events`}
            {isRecovered && <span className="recovered">recovered</span>}
          </span>
          {deployment !== null && <Steps name={deployment.appName} status={deployment.status} />}
        </summary>
        {events.map((event, index) => (
          <pre key={index}>{JSON.stringify({ channel: event.channel, id: event.id, data: event.data }, null, 2)}</pre>
        ))}
      </details>
    </li>
  );
}, isSame);

/** A row is a new object in each render. Its events are the same objects, and are only added. */
function isSame(before: FeedItemProps, now: FeedItemProps): boolean {
  return (
    before.name === now.name &&
    before.isRecovered === now.isRecovered &&
    before.row.events.length === now.row.events.length &&
    before.row.events.at(-1) === now.row.events.at(-1)
  );
}
