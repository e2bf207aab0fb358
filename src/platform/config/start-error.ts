/** An error that prevents startup. The message is a full sentence for the operator, printed without a stack. */
export class StartError extends Error {
  override readonly name = 'StartError';
}
