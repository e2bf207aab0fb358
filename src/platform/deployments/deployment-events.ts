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
    await told(this.events.emit('deployments:started', deployment));
    await told(this.events.emit('apps:status', appStatus(deployment, 'deploying')));
  }

  async advanced(deployment: Deployment): Promise<void> {
    await told(this.events.emit('deployments:status', deployment));
  }

  async completed(deployment: Deployment): Promise<void> {
    const { id, appId, appName } = deployment;
    await told(this.events.emit('deployments:completed', deployment));
    await told(this.events.emit('apps:deployed', { id: appId, name: appName, deploymentId: id }));
    await told(this.events.emit('apps:status', appStatus(deployment, 'running')));
  }

  async failed(deployment: Deployment): Promise<void> {
    const { id, appId, appName, reason } = deployment;
    const message = `The deployment of ${appName} failed: ${reason}`;
    await told(this.events.emit('deployments:failed', deployment));
    await told(this.events.emit('apps:status', appStatus(deployment, 'failed')));
    await told(this.events.emit('system:alerts', { level: 'error', message, appId, deploymentId: id }));
  }
}

function appStatus({ id, appId, appName }: Deployment, status: App['status']) {
  return { id: appId, name: appName, status, deploymentId: id };
}

async function told(emitted: Promise<unknown>): Promise<void> {
  try {
    await emitted;
  } catch {
    // It is logged already.
  }
}
