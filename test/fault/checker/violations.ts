/** Violations that the checker can find, each with the broken guarantee. */
export const VIOLATIONS = {
  gap: 'an offset was skipped inside a continuity segment',
  duplicate: 'a client saw an id twice',
  stepBack: 'an offset was not beyond the last one',
  mismatch: 'two clients, or a client and the acknowledgement, have different events at one id',
  conflict: 'two acknowledged events have one id',
  twoPlaces: 'one emit has two positions',
  fifo: 'events of one publisher arrived out of order',
  missing: 'an acknowledged event inside a segment was not delivered',
  silentLoss: 'a client received a later event, but neither an acknowledged event before it nor a notice',
  fork: 'a client continued into a new epoch from an event that the new epoch does not have',
  lost: 'an acknowledged event is gone, although Redis lost nothing',
  skippedAhead: 'a client was positioned after an event that did not exist yet',
  rejectedLater: 'an emit was published after it had been rejected',
  refusedYetPublished: 'an emit was published that was answered with mayBePublished: false',
  differentTop: 'after a quiet phase, a client is not at the top of the channel',
  unsettled: 'an emit was not answered',
  plainOrder: 'two clients received two events of a channel without history in different orders',
  plainLost: 'an acknowledged event of a channel without history did not arrive, although nothing failed',
  rejectedEarly: 'an emit was rejected before its timeout',
  rejectedWhileUp: 'an emit was rejected, although no fault lasted long enough',
  waitedLong: 'an emit waited too long, although there was no fault',
  starved:
    'a client received nothing on a channel for too long, although there was no fault and events were acknowledged',
  page: 'a page of a history has a gap, does not end where it was asked to, or misses the last event',
  stateMismatch: 'two clients hold different states at one position',
  stateLost: 'a state lacks a patch from before its position',
  stateBehind: 'a connected client did not receive an acknowledged change of a state in time, nor a notice',
  stateEnd: 'at the end a client does not hold the true state',
  streamOrder: 'a part of a stream repeats or skips bytes, or has another length',
  streamText: 'the text of a stream is not what its writers wrote',
  streamLost: 'a stream ended before text that was acknowledged',
  streamBehind: 'a connected reader did not receive acknowledged text in time',
  streamEnd: 'at the end a reader does not have the last stream',
  liveBreach: 'a client that holds states and reads streams received a violation of the protocol',
  outside: 'an event arrived without a subscription',
  breach: 'a client received a violation of the protocol, or an unexpected error',
} as const;

export type ViolationClass = keyof typeof VIOLATIONS;

export interface Violation {
  readonly class: ViolationClass;
  readonly channel: string;
  /** Client that saw it, if known. */
  readonly client?: string;
  readonly detail: string;
  readonly at: number;
}
