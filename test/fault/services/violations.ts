/** Violated guarantees of presence, control commands and revocations. */
export const SERVICE_VIOLATIONS = {
  presentNotShown: 'a user was connected, and a watcher was not shown it in time',
  goneStillShown: 'a user was gone, and a watcher was still shown it',
  flapped: 'a user was connected all the time, and a watcher was notified that it left',
  confirmedNotDone: 'an instance confirmed a command, and did not carry it out',
  neverDone: 'a command was never carried out on an instance that lives',
  doneTwice: 'a connection was closed by a command that was confirmed before the connection began',
  missingForever: 'a command was answered with an instance that is missing, though every living instance was reachable',
  refused: 'a command was refused or not answered, though no fault was under way',
  acceptedAfterConfirmation: 'an instance confirmed a revocation, and accepted the token later',
  acceptedLate: 'a revoked token was accepted after every instance had to know of it',
} as const;

export type ServiceViolationClass = keyof typeof SERVICE_VIOLATIONS;

export interface ServiceViolation {
  readonly class: ServiceViolationClass;
  readonly detail: string;
  readonly at: number;
}
