/** Ways to handle an event whose data does not match the class of its channel. */
export const INVALID_EVENTS = ['throw', 'drop', 'pass'] as const;
export type InvalidEvents = (typeof INVALID_EVENTS)[number];
