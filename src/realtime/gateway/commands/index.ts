import type { RequestType } from '../../../protocol/index.js';
import { auth } from './auth.js';
import { call } from './call.js';
import { cancel } from './cancel.js';
import type { Command } from './command.js';
import { history } from './history.js';
import { listChannels } from './list-channels.js';
import { occupancy } from './occupancy.js';
import { ping } from './ping.js';
import { presence } from './presence.js';
import { presenceUpdate } from './presence-update.js';
import { stats } from './stats.js';
import { streamCancel } from './stream-cancel.js';
import { subscribe } from './subscribe.js';
import { unsubscribe } from './unsubscribe.js';

/** Handlers by request type. */
export const COMMANDS: { readonly [T in RequestType]: Command<T> } = {
  subscribe,
  unsubscribe,
  ping,
  list_channels: listChannels,
  stats,
  auth,
  presence,
  history,
  presence_update: presenceUpdate,
  occupancy,
  call,
  cancel,
  stream_cancel: streamCancel,
};
