import { writeFile } from 'node:fs/promises';
import { attempt } from './tool-error.js';

/** @throws ToolError if the file cannot be written */
export async function writeText(file: string, text: string): Promise<void> {
  await attempt(`${file} cannot be written`, () => writeFile(file, text));
}
