import { useMemo, useState } from 'react';
import { useEvents, useIdentity } from '../../react/index.js';
import { APPLICATIONS, useApps } from './api/application-list.js';
import { useReloadedLists } from './api/reloaded-lists.js';
import type { SignedInUser } from './api/types.js';
import { useShowLooking, VIEWERS } from './api/viewers.js';
import { ConnectionBadge } from './connection/connection-badge.js';
import { ConnectionPanel } from './connection/connection-panel.js';
import { ConsoleButton } from './console-button.js';
import { Feed } from './feed/feed.js';
import { AnnouncePanel } from './panels/announce.js';
import { AppsPanel } from './panels/apps.js';
import { ChannelsPanel } from './panels/channels.js';
import { DatabasePanel } from './panels/database.js';
import { PeoplePanel } from './panels/people.js';
import { StoragePanel } from './panels/storage.js';
import { Avatar } from './parts/avatar.js';

/** Channels that the page follows by other means than the feed: they have no events that a user reads. */
const NOT_IN_FEED = new Set([VIEWERS, APPLICATIONS]);

/** Channels with metrics every few seconds. They are off until the user selects them. */
const NOT_AT_FIRST = new Set(['system:health', 'system:metrics']);

/** Events of each channel that the feed begins with. */
const LAST = 20;

interface DashboardProps {
  readonly user: SignedInUser;
  readonly onSignOut: () => void;
}

export function Dashboard({ user, onSignOut }: DashboardProps) {
  useReloadedLists();
  useShowLooking();
  const identity = useIdentity();
  const channels = useMemo(
    () => (identity?.authorizedChannels ?? []).filter((name) => !NOT_IN_FEED.has(name)),
    [identity],
  );
  const [choices, setChoices] = useState<ReadonlyMap<string, boolean>>(new Map());
  const wanted = useMemo(
    () => channels.filter((name) => choices.get(name) ?? !NOT_AT_FIRST.has(name)),
    [channels, choices],
  );
  const arrived = useEvents(wanted, { limit: 200, last: LAST });
  // The last events of each channel arrive together; there is no order across channels.
  const events = useMemo(() => arrived.toSorted((a, b) => a.timestamp.localeCompare(b.timestamp)), [arrived]);

  const want = (names: readonly string[], isWanted: boolean): void =>
    setChoices((before) => new Map([...before, ...names.map((name) => [name, isWanted] as const)]));

  return (
    <>
      <header className="bar">
        <h1 className="brand">
          <span className="mark" aria-hidden="true" /> Live platform
        </h1>
        <ConnectionBadge />
        <div className="who">
          <Avatar id={user.id} name={user.name ?? user.email ?? user.id} />
          <p>
            {user.email ?? user.id} <span className="faint">({user.role})</span>
          </p>
          {user.role === 'admin' && <ConsoleButton />}
          <button type="button" className="quiet small" onClick={onSignOut}>
            Sign out
          </button>
        </div>
      </header>
      <main className="dashboard">
        <div className="work">
          <AppCounts />
          <AppsPanel user={user} />
          <div className="pair">
            <DatabasePanel />
            <StoragePanel />
          </div>
        </div>
        <Feed events={events} />
        <div className="side">
          <PeoplePanel userId={user.id} />
          <ConnectionPanel channels={wanted} />
          {user.role === 'admin' && <AnnouncePanel />}
          <ChannelsPanel channels={channels} wanted={new Set(wanted)} onWant={want} />
        </div>
      </main>
    </>
  );
}

/** Counts applications by status. */
function AppCounts() {
  const apps = useApps() ?? [];
  const count = (status: string): number => apps.filter((app) => app.status === status).length;
  return (
    <dl className="figures">
      {[
        ['Apps', apps.length, 'all'],
        ['Running', count('running'), 'running'],
        ['Deploying', count('deploying'), 'deploying'],
        ['Failed', count('failed'), 'failed'],
      ].map(([name, figure, status]) => (
        <div key={name} data-status={figure === 0 ? 'none' : status}>
          <dt>{name}</dt>
          <dd>{figure}</dd>
        </div>
      ))}
    </dl>
  );
}
