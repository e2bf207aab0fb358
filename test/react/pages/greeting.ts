import { createElement, type ReactElement } from 'react';
import {
  useChannelState,
  useCommand,
  useConnectionState,
  useEvents,
  useIdentity,
  useLive,
  usePresence,
  useStream,
} from '../../../src/react/index.js';

/** Uses every hook that returns a value, for server rendering and hydration. */
export function Greeting(): ReactElement {
  const { state, reason } = useConnectionState();
  const channel = useChannelState('announcements').state;
  const events = useEvents('announcements').length;
  const presence = usePresence('rooms:lobby');
  const identity = useIdentity();
  const board = useLive<string>('boards:one').status;
  const log = useStream('logs:one').state;
  const command = useCommand<string>('names.check').state;
  return createElement(
    'p',
    { title: reason },
    `${state}, ${channel}, ${events} events, ${presence?.count ?? 'nobody'}, ${identity?.user?.userId ?? 'stranger'}, ${board}, ${log}, ${command}`,
  );
}
