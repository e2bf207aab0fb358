import { useCommand } from '../../../react/query.js';
import { APPLICATIONS_KEY, renamed, type ApplicationList } from './application-list.js';
import type { App, Deployment } from './types.js';

declare module '../../../protocol/commands.js' {
  interface RealtimeCommands {
    'apps.rename': { readonly input: { readonly id: string; readonly name: string }; readonly output: App };
    'apps.deploy': {
      readonly input: { readonly id: string; readonly fail: boolean };
      readonly output: Deployment;
      readonly progress: Deployment;
    };
    'deployments.continue': {
      readonly input: { readonly id: string };
      readonly output: Deployment;
      readonly progress: Deployment;
    };
  }
}

/** Returns the command that renames an application. The list shows the new name at once; without a connection it waits. */
export function useRename() {
  return useCommand('apps.rename', {
    offline: 'queue',
    optimistic: (queries, { id, name }) =>
      queries.setQueryData<ApplicationList>(APPLICATIONS_KEY, (list) => renamed(list, id, name)),
  });
}

/** Returns the command that deploys an application, with its progress; `cancel` fails the deployment. */
export function useDeploy() {
  return useCommand('apps.deploy', { timeoutMs: 600_000 });
}

/** Returns the command that continues a deployment whose server was killed. */
export function useContinue() {
  return useCommand('deployments.continue', { timeoutMs: 600_000 });
}
