import type { EventOn } from '../../../react/index.js';
import type { App, Deployment } from './types.js';

type AppsChannel = 'apps:created' | 'apps:updated' | 'apps:deleted' | 'apps:status';
type DeploymentsChannel = 'deployments:started' | 'deployments:status' | 'deployments:completed' | 'deployments:failed';

/** Applies an event to the applications, newest first. */
export function patchApps(apps: readonly App[], { channel, data }: EventOn<AppsChannel>): readonly App[] {
  switch (channel) {
    case 'apps:created':
      return [data as App, ...apps.filter(({ id }) => id !== data.id)];
    case 'apps:updated':
    case 'apps:status':
      return apps.map((app) => (app.id === data.id ? { ...app, ...data } : app));
    case 'apps:deleted':
      return apps.filter(({ id }) => id !== data.id);
  }
}

/** Applies an event to the deployments, newest first. Each event contains the whole deployment. */
export function patchDeployments(
  deployments: readonly Deployment[],
  { data }: EventOn<DeploymentsChannel>,
): readonly Deployment[] {
  const changed = data as Deployment;
  if (!deployments.some(({ id }) => id === changed.id)) return [changed, ...deployments];
  return deployments.map((deployment) => (deployment.id === changed.id ? changed : deployment));
}
