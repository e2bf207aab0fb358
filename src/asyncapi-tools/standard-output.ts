import type { Output } from './command.js';

export const STANDARD_OUTPUT: Output = {
  write: (text) => process.stdout.write(text),
  complain: (text) => process.stderr.write(text),
};
