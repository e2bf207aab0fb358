/** Why the platform does not start: a sentence for whoever starts it, shown without a stack. */
export class StartError extends Error {
  override readonly name = 'StartError';
}
