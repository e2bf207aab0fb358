import { useState } from 'react';
import { useHistory } from './api/use-history.js';
import type { ConnectionDetailsDto } from '../realtime/http/operator-shapes.js';
import { Channels } from './channels/channels.js';
import { NO_CHECK, type Check } from './channels/check.js';
import { Commands } from './commands/commands.js';
import { Connections } from './connections/connections.js';
import { ContractPage } from './contract/contract.js';
import { Explain } from './channels/explain.js';
import { Live } from './live/live.js';
import { Overview } from './overview/overview.js';
import { Streams } from './streams/streams.js';
import { NO_CHANNEL, recentlyFollowed, type FollowedChannel } from './tail/followed-channel.js';
import { Publish } from './tail/publish.js';
import { Tail } from './tail/tail.js';
import { Who } from './who.js';

const VIEWS = [
  ...(['Overview', 'Connections', 'Channels', 'Commands', 'States', 'Streams'] as const),
  ...(['Live tail', 'Permissions', 'Contract'] as const),
] as const;
type View = (typeof VIEWS)[number];

/** The contract has a separate address, but it is the same page. */
const addressOf = (view: View): string => (view === 'Contract' ? 'asyncapi' : 'console');

export function Shell({ onSignOut }: { readonly onSignOut: () => void }) {
  const { history: past, problem } = useHistory();
  const [view, setShown] = useState<View>(() => (location.pathname.endsWith('/asyncapi') ? 'Contract' : 'Overview'));
  const [followed, setFollowed] = useState(NO_CHANNEL);
  const [recent] = useState(recentlyFollowed);
  const [recentChannels, setRecentChannels] = useState(recent.list);
  const [check, setCheck] = useState(NO_CHECK);
  const hosts = new Map(past.instances.map(({ instanceId, host }) => [instanceId, host]));
  const setView = (next: View): void => {
    history.replaceState(null, '', addressOf(next));
    setShown(next);
  };
  const follow = (next: FollowedChannel): void => {
    setFollowed(next);
    setRecentChannels(recent.add(next));
  };
  const tail = (next: FollowedChannel): void => {
    follow(next);
    setView('Live tail');
  };
  const checkAccess = ({ userId, role, tenant, limitedTo }: ConnectionDetailsDto, name: string): void => {
    const limit = userId === null ? '' : (limitedTo?.join(',') ?? '');
    setCheck({ channel: name, user: userId ?? '', roles: role ?? '', tenant: tenant ?? '', limit } satisfies Check);
    setView('Permissions');
  };
  return (
    <>
      <header className="bar">
        <h1 className="brand">
          <span className="mark" aria-hidden="true" /> Realtime console
        </h1>
        <nav aria-label="Views">
          {VIEWS.map((name) => (
            <button
              key={name}
              type="button"
              className="tab"
              aria-current={name === view ? 'page' : undefined}
              onClick={() => setView(name)}
            >
              {name}
            </button>
          ))}
        </nav>
        <Who />
        <button type="button" className="quiet" onClick={onSignOut}>
          Sign out
        </button>
      </header>
      <main>
        <div role="alert">{problem !== null && <p className="problem">{problem}</p>}</div>
        {view === 'Overview' && <Overview history={past} />}
        {view === 'Connections' && <Connections instances={past.instances} onCheck={checkAccess} />}
        {view === 'Channels' && <Channels onTail={tail} />}
        {view === 'Commands' && <Commands />}
        {view === 'States' && <Live />}
        {view === 'Streams' && <Streams hosts={hosts} />}
        {view === 'Live tail' && (
          <div className="pair">
            <Tail followed={followed} recent={recentChannels} onFollow={follow} />
            <Publish followed={followed} />
          </div>
        )}
        {view === 'Permissions' && <Explain start={check} />}
        {view === 'Contract' && <ContractPage />}
      </main>
    </>
  );
}
