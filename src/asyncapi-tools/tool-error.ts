/** Invalid input. The message tells the user of the command the problem and what to do. */
export class ToolError extends Error {
  override readonly name = 'ToolError';
}
