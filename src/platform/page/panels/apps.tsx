import { useState } from 'react';
import { useApi } from '../api/api.js';
import { useApps } from '../api/application-list.js';
import { useDeploy } from '../api/commands.js';
import { useNames } from '../api/queries.js';
import type { Deployment, ListedApp, SignedInUser } from '../api/types.js';
import { useViewers } from '../api/viewers.js';
import { ActionButton, ActionForm, textOf } from '../parts/action.js';
import { Ago } from '../parts/ago.js';
import { Avatar } from '../parts/avatar.js';
import { Field } from '../parts/field.js';
import { Steps } from '../parts/steps.js';
import { DeployApp } from './deploy-app.js';
import { DeploymentLog } from './deployment-log.js';
import { RenameApp } from './rename-app.js';

/** Shows applications, the progress of their deployments, and the other users who look at each of them. */
export function AppsPanel({ user }: { readonly user: SignedInUser }) {
  const api = useApi();
  const apps = useApps();
  const others = useViewers()?.filter(({ id }) => id !== user.id) ?? [];
  const [fail, setFail] = useState(false);
  return (
    <section className="card apps" aria-labelledby="apps-title">
      <header>
        <h2 id="apps-title">Applications</h2>
        <label className="check">
          <input type="checkbox" checked={fail} onChange={({ target }) => setFail(target.checked)} />
          Simulate a failed deployment
        </label>
      </header>
      <ActionForm id="app-form" action={(fields) => api.post('/apps', { name: textOf(fields, 'name') })}>
        <Field label="Name" name="name" maxLength={60} autoComplete="off" required placeholder="shop" />
        <button type="submit">Create</button>
      </ActionForm>
      {apps?.length === 0 ? (
        <p className="empty">No applications yet. Create one and deploy it.</p>
      ) : (
        <ul className="app-list">
          {apps?.map((app) => (
            <AppItem
              key={app.id}
              app={app}
              user={user}
              letFail={fail}
              viewers={others.filter(({ looking }) => looking?.app === app.name).map(({ id }) => id)}
            />
          ))}
        </ul>
      )}
    </section>
  );
}

interface AppItemProps {
  readonly app: ListedApp;
  readonly user: SignedInUser;
  readonly letFail: boolean;
  /** Ids of the other users who look at it. */
  readonly viewers: readonly string[];
}

function AppItem({ app, user, letFail, viewers }: AppItemProps) {
  const api = useApi();
  const [isRenaming, setRenaming] = useState(false);
  const deploy = useDeploy();
  // The progress of the command comes before the patch.
  const shown = deploy.progress ?? app.deployment ?? undefined;
  const { id, name, status, deployment } = app;
  const [isLogOpen, setLogOpen] = useOpenLog(deployment, user.id);
  const busy = status === 'deploying';
  return (
    <li className="app" data-app={name}>
      <div className="app-head">
        {isRenaming ? <RenameApp app={app} onEnd={() => setRenaming(false)} /> : <span className="name">{name}</span>}
        <Viewers ids={viewers} />
        <span className="status" data-status={status}>
          {status}
        </span>
      </div>
      <Steps name={name} status={shown?.status} />
      <div className="app-foot">
        <p className="faint">
          <LastDeployment deployment={shown} />
        </p>
        <DeployApp app={app} deploy={deploy} letFail={letFail} />
        {deployment !== null && (
          <button
            type="button"
            className="plain small"
            aria-label={`Log of ${name}`}
            aria-expanded={isLogOpen}
            onClick={() => setLogOpen(!isLogOpen)}
          >
            Log
          </button>
        )}
        <button
          type="button"
          className="plain small"
          aria-label={`Rename ${name}`}
          onClick={() => setRenaming(!isRenaming)}
        >
          Rename
        </button>
        <ActionButton
          label={`Delete ${name}`}
          className="plain small"
          disabled={busy}
          action={() => api.request('DELETE', `/apps/${id}`)}
        >
          Delete
        </ActionButton>
      </div>
      {isLogOpen && deployment !== null && (
        <DeploymentLog
          key={deployment.id}
          name={name}
          deployment={deployment}
          canChange={user.role === 'admin' || user.id === app.ownerId}
          hasCancel={deploy.state === 'pending'}
        />
      )}
    </li>
  );
}

/** Returns if the log is open, and a function that opens it. It opens by itself for a deployment that the user has started. */
function useOpenLog(deployment: Deployment | null, userId: string) {
  const isOwn = deployment !== null && deployment.endedAt === null && deployment.startedBy === userId;
  const [isOpen, setOpen] = useState(isOwn);
  const [shown, setShown] = useState(deployment?.id);
  if (deployment?.id !== shown) {
    setShown(deployment?.id);
    if (isOwn) setOpen(true);
  }
  return [isOpen, setOpen] as const;
}

/** Most avatars that fit beside the name. */
const MAX_AVATARS = 3;

/** Shows the users who look at an application. The list of users says the same to screen readers. */
function Viewers({ ids }: { readonly ids: readonly string[] }) {
  const nameOf = useNames();
  if (ids.length === 0) return null;
  return (
    <span className="viewers" title={ids.map(nameOf).join(', ')} aria-hidden="true">
      {ids.slice(0, MAX_AVATARS).map((id) => (
        <Avatar key={id} id={id} name={nameOf(id)} />
      ))}
      {ids.length > MAX_AVATARS && <span className="faint">+{ids.length - MAX_AVATARS}</span>}
    </span>
  );
}

function LastDeployment({ deployment }: { readonly deployment: Deployment | undefined }) {
  const nameOf = useNames();
  if (deployment === undefined) return 'Not deployed yet';
  const { status, reason, startedBy, startedAt, endedAt } = deployment;
  return (
    <>
      {status === 'failed' ? reason : status} · {nameOf(startedBy)}, <Ago at={endedAt ?? startedAt} />
    </>
  );
}
