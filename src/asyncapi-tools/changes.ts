/** One difference between two documents, as clients that were written against the older one see it. */
export interface Difference {
  readonly breaks: boolean;
  /** A sentence without its subject, the channel. */
  readonly text: string;
}

export interface Change extends Difference {
  /** The address of the channel, as the older document has it. */
  readonly channel: string;
}
