import { readFileSync } from 'node:fs';
import { format, type FormatConfig } from 'oxfmt';

/** Formats generated text as `npm run format` formats the file. */
export async function formatted(file: string, text: string): Promise<string> {
  const options = JSON.parse(readFileSync('.oxfmtrc.json', 'utf8')) as FormatConfig;
  const { code, errors } = await format(file, text, options);
  if (errors.length > 0)
    throw new Error(`${file} cannot be formatted: ${errors.map(({ message }) => message).join(' ')}`);
  return code;
}
