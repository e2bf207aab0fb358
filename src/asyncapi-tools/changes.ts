/** One difference between two documents, from the view of clients written against the older one. */
export interface Difference {
  readonly breaks: boolean;
  /** A sentence without its subject, which is the channel. */
  readonly text: string;
}

export interface Change extends Difference {
  /** Address of the channel in the older document. */
  readonly channel: string;
}
