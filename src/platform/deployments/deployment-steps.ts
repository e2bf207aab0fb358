import type { Deployment, OpenStatus } from './deployment.js';

/** A step of a deployment. */
export interface DeploymentStep {
  /** Lines of the log that the step writes. */
  readonly lines: readonly string[];
  /** Status after the step; `null` after the last one. */
  readonly next: OpenStatus | null;
}

const STATUSES: readonly Deployment['status'][] = ['started', 'building', 'deploying'];

/** Returns the steps that a deployment has not made yet. */
export function stepsAfter({ id, appName, status }: Pick<Deployment, 'id' | 'appName' | 'status'>): DeploymentStep[] {
  const commit = id.slice(0, 7);
  const steps: DeploymentStep[] = [
    {
      lines: [
        `Deploying ${appName} at ${commit}`,
        'Fetching the sources',
        'Installing 214 packages',
        '✓ Sources ready',
      ],
      next: 'building',
    },
    {
      lines: ['Compiling 96 modules', 'Running 38 tests', '✓ 38 tests passed', `✓ Image ${commit} built, 48.2 MB`],
      next: 'deploying',
    },
    { lines: ['Starting 2 replicas', '✓ Replica 1 of 2', '✓ Replica 2 of 2', 'Checking the health'], next: null },
  ];
  return steps.slice(Math.max(0, STATUSES.indexOf(status)));
}
