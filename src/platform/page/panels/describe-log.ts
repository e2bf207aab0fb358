import type { StreamView } from '../../../react/index.js';

/** Describes in a few words whether a log continues, or how it ended. */
export function describeLog({
  state,
  result,
  reason,
  error,
}: Pick<StreamView, 'state' | 'result' | 'reason' | 'error'>): string {
  switch (state) {
    case 'loading':
      return 'Loading the log…';
    case 'none':
      return 'This log is not kept any more';
    case 'open':
      return 'Live';
    case 'done':
      return `Exit code ${(result as { readonly exitCode?: number } | undefined)?.exitCode ?? 'unknown'}`;
    case 'failed':
      return `Failed: ${(reason ?? 'unknown').replaceAll('_', ' ')}`;
    case 'cancelled':
      return 'Cancelled';
    case 'refused':
      return error?.message ?? 'Refused';
  }
}
