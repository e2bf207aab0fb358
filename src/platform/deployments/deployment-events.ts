import { Injectable } from '@nestjs/common';
import { EventsPublisher } from '../../realtime/index.js';
import type { App } from '../apps/app.js';
import type { Deployment } from './deployment.js';

/**
 * Tells what happens to a deployment, one event after the other: each has its place before the next is emitted. One that
 * could not be published is logged by the module, and does not keep the deployment from going on.
 */
@Injectable()
export class DeploymentEvents {
  constructor(private readonly events: EventsPublisher) {}

  async started(deployment: Deployment): Promise<void> {
    await told(this.events.emit('deployments:started', signed(deployment)));
    await told(this.events.emit('apps:status', appStatus(deployment, 'deploying')));
  }

  async advanced(deployment: Deployment): Promise<void> {
    await told(this.events.emit('deployments:status', signed(deployment)));
  }

  async completed(deployment: Deployment): Promise<void> {
    const { id, appId, appName, startedBy } = deployment;
    await told(this.events.emit('deployments:completed', signed(deployment)));
    await told(this.events.emit('apps:deployed', { id: appId, name: appName, deploymentId: id, by: startedBy }));
    await told(this.events.emit('apps:status', appStatus(deployment, 'running')));
  }

  async failed(deployment: Deployment): Promise<void> {
    const { id, appId, appName, reason } = deployment;
    const message = `The deployment of ${appName} failed: ${reason}`;
    await told(this.events.emit('deployments:failed', signed(deployment)));
    await told(this.events.emit('apps:status', appStatus(deployment, 'failed')));
    await told(this.events.emit('system:alerts', { level: 'error', message, appId, deploymentId: id }));
  }
}

/** Whoever started it did all of it. */
function signed(deployment: Deployment) {
  return { ...deployment, by: deployment.startedBy };
}

function appStatus({ id, appId, appName, startedBy }: Deployment, status: App['status']) {
  return { id: appId, name: appName, status, deploymentId: id, by: startedBy };
}

async function told(emitted: Promise<unknown>): Promise<void> {
  try {
    await emitted;
  } catch {
    // It is logged already.
  }
}
