import type { SubscribeTarget } from '../protocol/frames.js';
import type { ClientChannel } from './channel.js';
import { addSyncStep } from './sync-steps.js';
import type { Stop } from './types.js';

/**
 * Adds fields to the target with which a channel is subscribed.
 * @param fields called for each request, with the target. A field that is `undefined` is left out of the request
 */
export function addTargetFields(channel: ClientChannel, fields: (target: SubscribeTarget) => object): Stop {
  return addSyncStep(channel, (changes, next) => {
    const before = changes?.join.length;
    next(changes);
    const target = changes?.join[before!];
    if (target) Object.assign(target, fields(target));
  });
}
