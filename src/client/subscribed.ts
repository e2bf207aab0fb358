import { RealtimeError } from './errors.js';
import type { Channel } from './types.js';

/**
 * Resolves once a channel is subscribed. @throws RealtimeError if it is refused, has no subscriber, or the client is
 * closed
 */
export function subscribed(channel: Channel): Promise<void> {
  return new Promise((resolve, reject) => {
    const { name } = channel;
    const settle = (): boolean => {
      const { state, error } = channel.change;
      if (state === 'subscribed') resolve();
      else if (error !== undefined) reject(error);
      else if (state === 'unsubscribed') {
        reject(new RealtimeError('unsubscribed', `Nobody uses ${name}: subscribe first`, { channel: name }));
      } else return false;
      return true;
    };
    if (settle()) return;
    const stop = (): void => stops.forEach((end) => end());
    const stops = [
      channel.on('state', () => {
        if (settle()) stop();
      }),
      channel.on('closed', () => {
        stop();
        reject(new RealtimeError('not_connected', 'The client was closed', { channel: name }));
      }),
    ];
  });
}
