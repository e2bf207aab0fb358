import type { RealtimeEvent } from '../../../client/index.js';
import type { DeploymentProgress } from './group-events.js';

type Fields = Readonly<Record<string, unknown>>;
type EventDescription = Pick<RealtimeEvent, 'channel' | 'data'>;

/** Actions of users: the rest of a sentence that starts with the user's name. */
const ACTIONS: Readonly<Record<string, (data: Fields) => string>> = {
  'apps:created': ({ name }) => `created the application ${text(name)}`,
  'apps:updated': ({ name }) => `renamed an application to ${text(name)}`,
  'apps:deleted': ({ name }) => `deleted the application ${text(name)}`,
  'apps:deployed': ({ name }) => `deployed ${text(name)}`,
  'deployments:started': ({ appName }) => `started deploying ${text(appName)}`,
  'users:created': ({ name, email }) => `added the user ${text(name ?? email)}`,
  'users:updated': ({ name, email }) => `updated the user ${text(name ?? email)}`,
  'users:deleted': () => 'deleted a user',
  'database:table_created': ({ table }) => `created the table ${text(table)}`,
  'database:table_updated': ({ table }) => `changed the description of the table ${text(table)}`,
  'database:table_deleted': ({ table }) => `deleted the table ${text(table)}`,
  'database:row_updated': ({ table, action, row }) =>
    `${text(action)} a row in ${text(table)}: ${text((row as Fields | undefined)?.['values'])}`,
  'storage:uploaded': ({ name }) => `uploaded ${text(name)}`,
  'storage:updated': ({ name }) => `replaced ${text(name)}`,
  'storage:deleted': ({ name }) => `deleted ${text(name)}`,
};

const DEPLOYMENTS: Readonly<Record<string, (appName: string, reason: string | null) => string>> = {
  started: (appName) => `started deploying ${appName}`,
  building: (appName) => `is deploying ${appName}: building`,
  deploying: (appName) => `is deploying ${appName}: starting it`,
  completed: (appName) => `deployed ${appName}`,
  failed: (appName, reason) => `failed to deploy ${appName}${reason === null ? '' : `: ${reason}`}`,
};

/** Status changes: whole sentences. */
const STATUSES: Readonly<Record<string, (data: Fields) => string>> = {
  'apps:status': ({ name, status }) => `${text(name)} ${status === 'failed' ? 'has' : 'is'} ${text(status)}`,
  'deployments:status': ({ appName, status }) => `Deployment of ${text(appName)}: ${text(status)}`,
  'deployments:completed': ({ appName }) => `Deployment of ${text(appName)} completed`,
  'deployments:failed': ({ appName, reason }) => `Deployment of ${text(appName)} failed: ${text(reason)}`,
  'system:health': ({ status }) => `Health: ${text(status)}`,
  'system:metrics': ({ cpu, memoryBytes, connections }) =>
    `${Math.round(Number(cpu) * 100)}% CPU, ${Math.round(Number(memoryBytes) / 2 ** 20)} MiB of memory, ${text(connections)} connections`,
  'system:alerts': ({ message }) => text(message),
};

/** Describes an event in one line. Any service can publish, so data of an unexpected shape is shown unchanged. */
export function describeEvent({ channel, data }: EventDescription): string {
  if (typeof data !== 'object' || data === null) return text(data);
  const fields = data as Fields;
  const story = known(ACTIONS, channel) ?? known(STATUSES, channel);
  if (story !== undefined) return story(fields);
  return typeof fields['message'] === 'string' ? fields['message'] : text(data);
}

/** Describes the state of a deployment: the rest of a sentence that starts with the user's name. */
export function describeDeployment({ status, appName, reason }: DeploymentProgress): string {
  const story = known(DEPLOYMENTS, status);
  return story === undefined ? `deployment of ${appName}: ${status}` : story(appName, reason);
}

/** Returns true if the description needs the user's name in front. */
export function isAction({ channel }: EventDescription): boolean {
  return known(STATUSES, channel) === undefined;
}

/** Returns the id of the user who caused the event; `null` without one. */
export function actorOf({ data }: Pick<EventDescription, 'data'>): string | null {
  if (typeof data !== 'object' || data === null) return null;
  const { by, from } = data as Fields;
  return [by, from].find((id) => typeof id === 'string') ?? null;
}

function known<T>(stories: Readonly<Record<string, T>>, channel: string): T | undefined {
  return Object.hasOwn(stories, channel) ? stories[channel] : undefined;
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '–');
}
