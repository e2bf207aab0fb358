import { createElement, type ReactElement } from 'react';
import { useChannelState, useConnectionState, useEvents, useIdentity, usePresence } from '../../../src/react/index.js';

/** Uses every hook that returns a value, for server rendering and hydration. */
export function Greeting(): ReactElement {
  const { state, reason } = useConnectionState();
  const channel = useChannelState('announcements').state;
  const events = useEvents('announcements').length;
  const presence = usePresence('rooms:lobby');
  const identity = useIdentity();
  return createElement(
    'p',
    { title: reason },
    `${state}, ${channel}, ${events} events, ${presence?.count ?? 'nobody'}, ${identity?.user?.userId ?? 'stranger'}`,
  );
}
