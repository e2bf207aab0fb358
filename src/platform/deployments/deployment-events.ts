import type { App } from '../apps/app.js';
import type { Tell } from '../database/changes.js';
import type { Deployment } from './deployment.js';

/** What is told when a deployment has started. */
export async function emitStarted(tell: Tell, deployment: Deployment): Promise<void> {
  await tell('deployments:started', signed(deployment));
  await tell('apps:status', appStatus(deployment, 'deploying'));
}

export async function emitAdvanced(tell: Tell, deployment: Deployment): Promise<void> {
  await tell('deployments:status', signed(deployment));
}

export async function emitCompleted(tell: Tell, deployment: Deployment): Promise<void> {
  const { id, appId, appName, startedBy } = deployment;
  await tell('deployments:completed', signed(deployment));
  await tell('apps:deployed', { id: appId, name: appName, deploymentId: id, by: startedBy });
  await tell('apps:status', appStatus(deployment, 'running'));
}

export async function emitFailed(tell: Tell, deployment: Deployment): Promise<void> {
  const { id, appId, appName, reason } = deployment;
  const message = `The deployment of ${appName} failed: ${reason}`;
  await tell('deployments:failed', signed(deployment));
  await tell('apps:status', appStatus(deployment, 'failed'));
  await tell('system:alerts', { level: 'error', message, appId, deploymentId: id });
}

/** Whoever started it did all of it. */
function signed(deployment: Deployment) {
  return { ...deployment, by: deployment.startedBy };
}

function appStatus({ id, appId, appName, startedBy }: Deployment, status: App['status']) {
  return { id: appId, name: appName, status, deploymentId: id, by: startedBy };
}
