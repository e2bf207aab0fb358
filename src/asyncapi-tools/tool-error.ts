/** The input is wrong; the message says what, and what to do, to whoever runs the command. */
export class ToolError extends Error {
  override readonly name = 'ToolError';
}
