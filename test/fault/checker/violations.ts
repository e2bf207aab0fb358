/** Violations that the checker can find, each with the broken guarantee. */
export const VIOLATIONS = {
  hole: 'an offset was skipped inside a continuity segment',
  duplicate: 'a client saw an id twice',
  stepBack: 'an offset was not beyond the last one',
  mismatch: 'two clients, or a client and the acknowledgement, have different events at one id',
  conflict: 'two acknowledged events have one id',
  twoPlaces: 'one emit stands at two places',
  fifo: 'events of one publisher came in another order',
  missing: 'an acknowledged event inside a segment was not delivered',
  silentLoss: 'a client got a later event, and neither an acknowledged event before it nor a notice',
  fork: 'a client went on into a new epoch from an event that the new epoch does not have',
  lost: 'an acknowledged event is gone, where Redis lost nothing',
  skippedAhead: 'a client was put beyond an event that did not exist yet',
  rejectedLater: 'an emit was published after it had been rejected',
  refusedYetPublished: 'an emit was published that was answered with mayBePublished: false',
  differentTop: 'after quiet a client does not stand at the top of the channel',
  unsettled: 'an emit was not answered',
  plainOrder: 'two clients got two events of a channel without history in different orders',
  plainLost: 'an acknowledged event of a channel without history did not arrive, though nothing failed',
  rejectedEarly: 'an emit was rejected before its time was over',
  rejectedWhileUp: 'an emit was rejected, though no fault was under way for long enough',
  waitedLong: 'an emit waited for too long, though no fault was under way',
  starved: 'a client got nothing of a channel for too long, though no fault was under way and events were acknowledged',
  outside: 'an event came while not subscribed',
  breach: 'a client got what is not the protocol, or an error that it should not get',
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
