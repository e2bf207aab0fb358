import { HttpException } from '@nestjs/common';
import { REALTIME_VARIABLES, RealtimeOptionsError } from '../../realtime/index.js';
import { StartError } from '../config/start-error.js';

/** What to tell whoever starts the platform: a sentence where the fault is theirs, the stack where it is ours. */
export function explain(error: unknown): string {
  if (error instanceof RealtimeOptionsError) return error.problems.map(byVariable).join('\n');
  if (error instanceof StartError || error instanceof HttpException) return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

/** `history.size` must … → REALTIME_HISTORY_SIZE must …: whoever starts the platform has given a variable, no option. */
function byVariable(problem: string): string {
  const [start, option] = /^`([\w.]+)` (?:each value in \w+ )?/.exec(problem) ?? [];
  const words = option?.replace(/[A-Z]/g, '_$&').replace('.', '_').toUpperCase();
  const variable = [...REALTIME_VARIABLES, 'JWT_JWKS_URL'].find(
    (name) => name === `REALTIME_${words}` || name === words,
  );
  if (start === undefined || variable === undefined) return `${problem}.`;
  const subject = start.includes('each value') ? `Each value of ${variable}` : variable;
  return `${subject} ${problem.slice(start.length)}.`;
}
