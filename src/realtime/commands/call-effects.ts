import type { Effect } from '../../protocol/index.js';
import type { ChannelPolicyService } from '../channels/channel-policy.service.js';
import { topicFor } from '../channels/topic-for.js';
import type { PublishedPosition } from '../publishing/current-cause.js';
import { withTimeout } from '../timing/with-timeout.js';
import type { CollectedEvent, RunningCall } from './running-call.js';

/** Time for which an answer waits for the positions of its events, in milliseconds. */
const EFFECTS_MS = 10_000;

/**
 * Returns the events that a call has emitted, on channels that its caller can use. Channels of other users stay secret.
 * Waits until the events have their positions; one that was refused is left out.
 */
export async function effectsOf(call: RunningCall, policy: ChannelPolicyService): Promise<readonly Effect[]> {
  if (call.effects === null) return [];
  const collected = [...call.effects.values()];
  const positions = await Promise.all(collected.map(positionOf));
  const channels = new Map<string, Promise<boolean>>();
  const effects: Effect[] = [];
  for (const [index, event] of collected.entries()) {
    const position = positions[index]!;
    if (position === 'none') continue;
    const { channel, topic } = event;
    let isReadable = channels.get(topic);
    if (isReadable === undefined) channels.set(topic, (isReadable = canUse(call, channel, topic, policy)));
    if (await isReadable) effects.push(position === 'unnamed' ? { channel } : { channel, id: position.id });
  }
  return effects;
}

type Position = PublishedPosition | 'unnamed' | 'none';

async function positionOf({ published, hasPosition }: CollectedEvent): Promise<Position> {
  if (published === null) return 'unnamed';
  try {
    const event = await withTimeout(published, EFFECTS_MS, () => null);
    if (event === null || event.dropped === true) return 'none';
    return hasPosition ? event : 'unnamed';
  } catch {
    return 'none';
  }
}

async function canUse(
  { origin, caller }: RunningCall,
  name: string,
  topic: string,
  policy: ChannelPolicyService,
): Promise<boolean> {
  if (origin.isSubscribed(name, topic)) return true;
  try {
    const { channel } = await policy.authorize(caller, name, EFFECTS_MS, origin.address);
    // The command can have emitted to another tenant.
    return topicFor(caller, name, channel) === topic;
  } catch {
    return false;
  }
}
