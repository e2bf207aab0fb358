import { useState } from 'react';
import { useApi } from '../api/api.js';
import { useApps, useDeployments, useNames } from '../api/queries.js';
import type { App, Deployment } from '../api/types.js';
import { ActionButton, ActionForm, textOf } from '../parts/action.js';
import { Ago } from '../parts/ago.js';
import { Field } from '../parts/field.js';
import { Steps } from '../parts/steps.js';

/** Shows applications and the progress of their deployments. */
export function AppsPanel() {
  const api = useApi();
  const apps = useApps();
  const deployments = useDeployments();
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
      {apps.length === 0 ? (
        <p className="empty">No applications yet. Create one and deploy it.</p>
      ) : (
        <ul className="app-list">
          {apps.map((app) => (
            <AppItem
              key={app.id}
              app={app}
              deployment={deployments.find(({ appId }) => appId === app.id)}
              letFail={fail}
            />
          ))}
        </ul>
      )}
    </section>
  );
}

interface AppItemProps {
  readonly app: App;
  /** The last deployment, if there is one. */
  readonly deployment: Deployment | undefined;
  readonly letFail: boolean;
}

function AppItem({ app: { id, name, status }, deployment, letFail }: AppItemProps) {
  const api = useApi();
  const busy = status === 'deploying';
  return (
    <li className="app" data-app={name}>
      <div className="app-head">
        <span className="name">{name}</span>
        <span className="status" data-status={status}>
          {status}
        </span>
      </div>
      <Steps name={name} status={deployment?.status} />
      <div className="app-foot">
        <p className="faint">
          <LastDeployment deployment={deployment} />
        </p>
        <ActionButton
          label={`Deploy ${name}`}
          disabled={busy}
          action={() => api.post(`/apps/${id}/deploy`, { fail: letFail })}
        >
          Deploy
        </ActionButton>
        <ActionButton
          label={`Delete ${name}`}
          className="plain small"
          disabled={busy}
          action={() => api.request('DELETE', `/apps/${id}`)}
        >
          Delete
        </ActionButton>
      </div>
    </li>
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
