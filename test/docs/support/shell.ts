/** One command of a `sh` block, as words: `['npm', 'run', 'bench', '--', '--quick']`. */
export type Command = readonly string[];

const WORD = /(?:'[^']*'|"[^"]*"|\\.|[^\s'"\\&|;])+|&&|[|;&]/g;

/** Returns the commands of a block in order: without comments, continued lines joined, split at `&&`. */
export function commandsOf(code: string): Command[] {
  const lines = code.replaceAll('\\\n', ' ').split('\n');
  return lines.flatMap((line) => {
    const commands: string[][] = [[]];
    for (const [word] of line.replace(/(^|\s)#.*$/, '').matchAll(WORD)) {
      if (word === '&&') commands.push([]);
      else commands.at(-1)!.push(word.replaceAll(/'([^']*)'|"([^"]*)"/g, '$1$2'));
    }
    return commands.filter((command) => command.length > 0);
  });
}
