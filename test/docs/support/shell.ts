/** One command of a block of `sh`, as words: `['npm', 'run', 'bench', '--', '--quick']`. */
export type Command = readonly string[];

const WORD = /(?:'[^']*'|"[^"]*"|\\.|[^\s'"\\&|;])+|&&|[|;&]/g;

/** The commands of a block, one after the other: without comments, with lines that go on joined, split at `&&`. */
export function commandsOf(code: string): Command[] {
  const lines = code.replaceAll('\\\n', ' ').split('\n');
  return lines.flatMap((line) => {
    const commands: string[][] = [[]];
    for (const [word] of line.replace(/(^|\s)#.*$/, '').matchAll(WORD)) {
      if (word === '&&') commands.push([]);
      else commands.at(-1)!.push(word.replaceAll(/['"]/g, ''));
    }
    return commands.filter((command) => command.length > 0);
  });
}
