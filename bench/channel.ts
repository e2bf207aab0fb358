/** Channel of the rows that need only one. */
export const CHANNEL = 'apps:created';
