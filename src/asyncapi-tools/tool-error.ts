/** Invalid input. The message tells the user of the command the problem and what to do. */
export class ToolError extends Error {
  override readonly name = 'ToolError';
}

/** @throws ToolError with this problem if the action fails */
export async function attempt<T>(problem: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    throw new ToolError(`${problem}: ${(error as Error).message}`, { cause: error });
  }
}
