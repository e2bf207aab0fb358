import type { Patch } from '../build.js';

/** Former behavior: one read per second, so that 60,000 channels took two minutes and some were never read. */
export const ONE_READ_A_SECOND: Patch = {
  file: 'realtime/backends/redis/subscription-set.js',
  find: 'from < due.length && this.client === client',
  replace: 'from < 1 && this.client === client',
};
