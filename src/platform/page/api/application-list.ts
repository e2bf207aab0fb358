import { useQuery } from '@tanstack/react-query';
import { useRealtimeClient } from '../../../react/index.js';
import { liveQuery } from '../../../react/query.js';
import type { ListedApp } from './types.js';

/** State of the live resource with all applications. */
export interface ApplicationList {
  /** By id. */
  readonly apps: Readonly<Record<string, ListedApp>>;
}

declare module '../../../protocol/states.js' {
  interface RealtimeStates {
    readonly applications: ApplicationList;
  }
}

/** Channel of the list. Events do not come on it, but patches. */
export const APPLICATIONS = 'applications';

/** Key of the query that follows the list. */
export const APPLICATIONS_KEY = ['live', APPLICATIONS];

/** Returns the applications with their last deployments, newest first; `undefined` until the server has sent them. */
export function useApps(): readonly ListedApp[] | undefined {
  const list = liveQuery(useRealtimeClient(), APPLICATIONS, { queryKey: APPLICATIONS_KEY });
  return useQuery({ ...list, select: newestFirst }).data;
}

export function newestFirst({ apps }: ApplicationList): readonly ListedApp[] {
  return Object.values(apps).toSorted((a, b) => b.createdAt.localeCompare(a.createdAt) || (a.id < b.id ? -1 : 1));
}

/** Returns the list in which an application has another name. */
export function renamed(list: ApplicationList, id: string, name: string): ApplicationList {
  const app = list.apps[id];
  return app === undefined ? list : { ...list, apps: { ...list.apps, [id]: { ...app, name } } };
}
