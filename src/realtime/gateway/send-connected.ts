import { FEATURES, STATE_FEATURE, type Unstamped } from '../../protocol/index.js';
import type { Principal } from '../auth/principal.js';
import type { Connection } from '../connections/connection.js';
import type { Services } from './commands/command.js';

type Writable<T> = { -readonly [Field in keyof T]: T[Field] };
type Connected = Writable<Extract<Unstamped, { type: 'connected' }>>;
type Authenticated = Writable<Extract<Unstamped, { type: 'authenticated' }>>;

/** Sends the first frame of an authenticated or anonymous connection. */
export function sendConnected(
  services: Pick<Services, 'policy' | 'options' | 'commands' | 'onConnected'>,
  connection: Connection,
  ref?: string,
): void {
  const { principal } = connection;
  const { policy, options, commands } = services;
  const frame: Connected = {
    type: 'connected',
    connectionId: connection.id,
    user: principal === null ? null : principal.user,
    authorizedChannels: policy.authorizedChannels(principal),
    heartbeatMs: options.heartbeatIntervalMs,
    features: [
      ...FEATURES,
      ...(commands.support === null ? [] : ['commands']),
      ...(policy.hasStreams ? ['streams'] : []),
      ...(policy.hasStates ? [STATE_FEATURE] : []),
    ],
  };
  const { support } = commands;
  if (support !== null) frame.commands = support;
  if (principal !== null) {
    if (principal.tenant !== null) frame.tenant = principal.tenant;
    addLimits(frame, principal);
  }
  connection.send(frame, ref);
  services.onConnected(connection);
}

/** Answers the `auth` frame of a connection that could be used before. */
export function sendAuthenticated(
  { policy, commands: { support } }: Pick<Services, 'policy' | 'commands'>,
  connection: Connection,
  ref?: string,
): void {
  const principal = connection.principal!;
  const authorizedChannels = policy.authorizedChannels(principal);
  const frame: Authenticated = {
    type: 'authenticated',
    connectionId: connection.id,
    user: principal.user,
    authorizedChannels,
  };
  if (support !== null) frame.commands = support;
  addLimits(frame, principal);
  connection.send(frame, ref);
}

/** Adds until when and to which channels the client is limited. A guest has no user. */
function addLimits(frame: Connected | Authenticated, { guest, channels, expiresAt }: Principal): void {
  if (guest !== undefined) {
    frame.user = null;
    frame.guest = true;
  }
  if (channels !== undefined) frame.limitedTo = channels;
  if (Number.isFinite(expiresAt)) frame.expiresAt = new Date(expiresAt).toISOString();
}
