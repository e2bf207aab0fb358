import type { RealtimeEvent } from '../../../client/index.js';

type Fields = Readonly<Record<string, unknown>>;
type EventDescription = Pick<RealtimeEvent, 'channel' | 'data'>;

/** What somebody did: the rest of a sentence that begins with a name. */
const ACTIONS: Readonly<Record<string, (data: Fields) => string>> = {
  'apps:created': ({ name }) => `created the application ${text(name)}`,
  'apps:updated': ({ name }) => `renamed an application to ${text(name)}`,
  'apps:deleted': ({ name }) => `deleted the application ${text(name)}`,
  'apps:deployed': ({ name }) => `deployed ${text(name)}`,
  'deployments:started': ({ appName }) => `began to deploy ${text(appName)}`,
  'users:created': ({ name, email }) => `added the user ${text(name ?? email)}`,
  'users:updated': ({ name, email }) => `changed the user ${text(name ?? email)}`,
  'users:deleted': () => 'deleted a user',
  'database:table_created': ({ table }) => `created the table ${text(table)}`,
  'database:table_updated': ({ table }) => `described the table ${text(table)}`,
  'database:table_deleted': ({ table }) => `deleted the table ${text(table)}`,
  'database:row_updated': ({ table, action, row }) =>
    `${text(action)} a row of ${text(table)}: ${text((row as Fields | undefined)?.['values'])}`,
  'storage:uploaded': ({ name }) => `uploaded ${text(name)}`,
  'storage:updated': ({ name }) => `replaced ${text(name)}`,
  'storage:deleted': ({ name }) => `deleted ${text(name)}`,
};

/** What happened: whole sentences. */
const STATUSES: Readonly<Record<string, (data: Fields) => string>> = {
  'apps:status': ({ name, status }) => `${text(name)} ${status === 'failed' ? 'has' : 'is'} ${text(status)}`,
  'deployments:status': ({ appName, status }) => `Deployment of ${text(appName)}: ${text(status)}`,
  'deployments:completed': ({ appName }) => `Deployment of ${text(appName)}: completed`,
  'deployments:failed': ({ appName, reason }) => `Deployment of ${text(appName)} failed: ${text(reason)}`,
  'system:health': ({ status }) => `Health: ${text(status)}`,
  'system:metrics': ({ cpu, memoryBytes, connections }) =>
    `${Math.round(Number(cpu) * 100)} % of a processor, ${Math.round(Number(memoryBytes) / 2 ** 20)} MiB, ${text(connections)} connections`,
  'system:alerts': ({ message }) => text(message),
};

/** What an event is about, in one line. Any service may publish: what is not of the expected shape is shown as it is. */
export function describeEvent({ channel, data }: EventDescription): string {
  if (typeof data !== 'object' || data === null) return text(data);
  const fields = data as Fields;
  const story = known(ACTIONS, channel) ?? known(STATUSES, channel);
  if (story !== undefined) return story(fields);
  return typeof fields['message'] === 'string' ? fields['message'] : text(data);
}

/** Whether the line wants the name of whoever did it before it, or stands for itself. */
export function isAction({ channel }: EventDescription): boolean {
  return known(STATUSES, channel) === undefined;
}

/** The id of whoever asked for it; `null` where nobody did. */
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
