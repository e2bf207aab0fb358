/** Number of characters in the message of a failure, from each end of a content. */
const SHOWN_CHARACTERS = 150;

/** Access of a subscription to the connection that it belongs to. */
export interface TestReader {
  /** Waits for a condition. @returns false if it does not hold within the patience of the test, or if the connection ended */
  until(isSo: () => boolean): Promise<boolean>;
  /** Sends a request. @throws with the error if the server refuses it */
  request(frame: { readonly type: string; readonly channel: string }): Promise<void>;
  /** Describes the end of the connection, as a sentence; empty while it is open. */
  ending(): string;
}

/**
 * Waits for a value: `find` returns `undefined` until it is there.
 * @throws an error with the message, and the end of the connection, if it is not there in time
 */
export async function expectIn<V>(reader: TestReader, find: () => V | undefined, message: () => string): Promise<V> {
  await reader.until(() => find() !== undefined);
  const found = find();
  if (found === undefined) throw new Error(`${message()}.${reader.ending()}`);
  return found;
}

/** Formats a content in the message of a failure, without its middle if it is long. */
export function shownOf(content: unknown): string {
  const json = JSON.stringify(content);
  if (json.length <= 2 * SHOWN_CHARACTERS) return json;
  return `${json.slice(0, SHOWN_CHARACTERS)} … ${json.slice(-SHOWN_CHARACTERS)} (${json.length} characters)`;
}
