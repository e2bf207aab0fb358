import { HttpException } from '@nestjs/common';
import { RealtimeOptionsError, realtimeVariableOf } from '../../realtime/index.js';
import { StartError } from '../config/start-error.js';

/** Formats a startup error: a sentence for configuration errors, the stack for unexpected ones. */
export function explain(error: unknown): string {
  if (error instanceof RealtimeOptionsError) return error.problems.map(byVariable).join('\n');
  if (error instanceof StartError || error instanceof HttpException) return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

/**
 * Replaces option names by their variables, because the operator sets variables: `history.size` →
 * REALTIME_HISTORY_SIZE.
 */
function byVariable(problem: string): string {
  const named = problem.replaceAll(/`([\w.]+)`/g, (code, option: string) => variableOf(option) ?? code);
  return `${named.replace(/^(\w+) each value in \w+ /, 'Each value of $1 ')}.`;
}

function variableOf(option: string): string | undefined {
  return option === 'jwt.jwksUrl' ? 'JWT_JWKS_URL' : realtimeVariableOf(option);
}
