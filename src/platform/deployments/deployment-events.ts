import type { App } from '../apps/app.js';
import type { Emit } from '../database/changes.js';
import { CANCELLED, type Deployment } from './deployment.js';

/** Emits the events of a deployment that has started. */
export async function emitStarted(emit: Emit, deployment: Deployment): Promise<void> {
  await emit('deployments:started', signed(deployment));
  await emit('apps:status', appStatus(deployment, 'deploying'));
}

export async function emitAdvanced(emit: Emit, deployment: Deployment): Promise<void> {
  await emit('deployments:status', signed(deployment));
}

export async function emitCompleted(emit: Emit, deployment: Deployment): Promise<void> {
  const { id, appId, appName, startedBy } = deployment;
  await emit('deployments:completed', signed(deployment));
  await emit('apps:deployed', { id: appId, name: appName, deploymentId: id, by: startedBy });
  await emit('apps:status', appStatus(deployment, 'running'));
}

export async function emitFailed(emit: Emit, deployment: Deployment): Promise<void> {
  const { id, appId, appName, reason } = deployment;
  const message = `The deployment of ${appName} failed: ${reason}`;
  await emit('deployments:failed', signed(deployment));
  await emit('apps:status', appStatus(deployment, 'failed'));
  if (reason === CANCELLED) return; // as its user wanted
  await emit('system:alerts', { level: 'error', message, appId, deploymentId: id });
}

/** Adds `by`: the user who started the deployment is the actor of all its events. */
function signed(deployment: Deployment) {
  return { ...deployment, by: deployment.startedBy };
}

function appStatus({ id, appId, appName, startedBy }: Deployment, status: App['status']) {
  return { id: appId, name: appName, status, deploymentId: id, by: startedBy };
}
