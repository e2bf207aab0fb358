import { HttpException } from '@nestjs/common';
import { RealtimeOptionsError } from '../../realtime/index.js';
import { StartError } from '../config/start-error.js';

/** What to tell whoever starts the platform: a sentence where the fault is theirs, the stack where it is ours. */
export function explain(error: unknown): string {
  const isTheirs = [StartError, RealtimeOptionsError, HttpException].some((type) => error instanceof type);
  if (isTheirs) return (error as Error).message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
