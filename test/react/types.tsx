// What the hooks take and what they do not: checked by `npm run types`, not run.
import { createRealtimeClient } from '../../src/client/index.js';
import {
  RealtimeProvider,
  useChannel,
  useChannelState,
  useConnectionState,
  useEvents,
  useIdentity,
  usePresence,
} from '../../src/react/index.js';
import { useRealtimeInvalidation, useRealtimePatch } from '../../src/react/query.js';

interface App {
  readonly id: string;
  readonly name: string;
}

export function Compiles(): unknown {
  useChannel('apps:created', ({ channel, data }) => void [channel satisfies 'apps:created', data.name.length]);
  useChannel(['apps:created', 'deployments:status'], async (event) => {
    // The channel tells what the data is.
    if (event.channel === 'apps:created') event.data.name.toUpperCase();
    else event.data.status.toUpperCase();
    await Promise.resolve();
  });
  useChannel('apps:created', undefined, {
    enabled: false,
    after: { 'apps:created': 'e-1' },
    onReset: ({ reason }) => void reason,
  });
  const names: readonly string[] = ['apps:created', 'apps:updated'];
  useChannel(names, ({ data }) => void (data satisfies unknown)); // only known at run time
  const [first] = useEvents('announcements', { limit: 5 });
  useRealtimeInvalidation(['apps:updated', 'apps:deleted'], ['apps']);
  useRealtimePatch('apps:created', ['apps'], (apps: readonly App[], { data }) => [...apps, data]);
  const { state, retryInMs } = useConnectionState();
  const title = [
    first?.data.message.length,
    state satisfies string,
    retryInMs?.toFixed(),
    useChannelState('apps:created').error?.code,
  ];
  const client = createRealtimeClient({ url: '/ws' });
  return (
    <RealtimeProvider client={client}>
      {title} {usePresence('rooms:lobby')?.count} {useIdentity()?.user?.email}
    </RealtimeProvider>
  );
}

export function DoesNot(): unknown {
  // @ts-expect-error a name that is none
  useChannel('apps:creatde');
  // @ts-expect-error one name of two
  useChannel(['apps:created', 'apps:*']);
  // @ts-expect-error a field that the event has not
  useChannel('apps:created', ({ data }) => data.title);
  // @ts-expect-error a field that only one of the two events has
  useChannel(['apps:created', 'deployments:status'], ({ data }) => data.status);
  // @ts-expect-error an option that there is not
  useEvents('announcements', { max: 5 });
  // @ts-expect-error what came cannot be changed
  useEvents('announcements').push();
  // @ts-expect-error a key that is none
  useRealtimeInvalidation('apps:updated', 'apps');
  // @ts-expect-error a patch that gives something else
  useRealtimePatch('apps:created', ['apps'], (apps: readonly App[], { data }) => data.name.length + apps.length);
  // @ts-expect-error no client
  return <RealtimeProvider />;
}
