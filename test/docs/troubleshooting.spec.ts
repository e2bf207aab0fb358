import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Removes backticks, which the sources escape inside templates. */
const plain = (text: string): string => text.replaceAll(/[`\\]/g, '');

/** Sources of the package, without specs. String literals that continue in the next line are joined. */
const sources: readonly string[] = [
  'realtime',
  'protocol',
  'client',
  'bindings',
  'angular',
  'react',
  'testing',
].flatMap((folder) =>
  readdirSync(join('src', folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => /(?<!\.spec)\.tsx?$/.test(name))
    .map((name) => plain(readFileSync(join('src', folder, name), 'utf8').replaceAll(/['`] \+\n\s*['`]/g, ''))),
);

/** Messages in the headings and log lines of the page, each between double quotes. */
function quotedMessages(page: string): string[] {
  const text = page.replaceAll('{"type":"auth","token":"…"}', '{TYPE}').split('\n');
  return text
    .flatMap((line) => [...line.matchAll(/"([^"]+)"/g)].map(([, message]) => message!))
    .map((message) => message.replace('{TYPE}', '{"type":"auth","token":"…"}'));
}

/** Returns the parts of a message around its values. */
const partsOf = (message: string): string[] =>
  plain(message.replace('{"type":"auth","token":"…"}', '\0'))
    .split('…')
    .map((part) => part.replace('\0', '{"type":"auth","token":"…"}').replace(/^[\s:.]+|[\s:.]+$/g, ''))
    .filter((part) => part.length > 2);

/** Returns true if one source has every part of the message, in order. */
const exists = (message: string): boolean =>
  sources.some((source) => {
    let from = 0;
    return partsOf(message).every((part) => {
      const at = source.indexOf(part, from);
      from = at + part.length;
      return at >= 0;
    });
  });

describe('docs/troubleshooting.md', () => {
  const messages = quotedMessages(readFileSync('docs/troubleshooting.md', 'utf8'));

  it('quotes messages', () => {
    expect(messages.length).toBeGreaterThan(30);
  });

  it.each(messages)('quotes a message of the code: %s', (message) => {
    expect(partsOf(message)).not.toEqual([]);
    expect(exists(message)).toBe(true);
  });

  it('detects a message that does not exist', () => {
    expect(exists('… is registered thrice: keep one of them')).toBe(false);
    expect(exists('keep one of them … is registered twice')).toBe(false);
  });
});
