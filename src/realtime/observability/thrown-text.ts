import { types } from 'node:util';

/** Formats a thrown value as one line: application code can throw anything. */
export function thrownText(error: unknown): string {
  try {
    const text = types.isNativeError(error) || error instanceof Error ? error.message : String(error);
    return text.split('\n', 1)[0]!.slice(0, 500);
  } catch {
    return 'an error without a message';
  }
}
