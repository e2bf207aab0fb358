import { chmod, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { Child } from './child.js';
import { makeTemporaryDirectory, removeDirectory } from './temporary-directory.js';

/** Programs that test/run calls before it looks for servers. None of them can install anything. */
const PROGRAMS = ['bash', 'dirname', 'id'];

describe('test/run on a machine that has none of the servers', () => {
  let directory: string;
  let bin: string;

  beforeEach(async () => {
    directory = await makeTemporaryDirectory();
    bin = join(directory, 'bin');
    await mkdir(bin);
    for (const program of PROGRAMS) await provide(program);
  });

  afterEach(() => removeDirectory(directory));

  /** Puts a program of this machine, or a script, on the PATH of test/run. */
  async function provide(program: string, script?: string): Promise<void> {
    const file = join(bin, program);
    if (script === undefined) {
      const path = (process.env['PATH'] ?? '').split(delimiter);
      const found = path.map((folder) => join(folder, program)).find((candidate) => existsSync(candidate));
      await symlink(found!, file);
      return;
    }
    await writeFile(file, `#!${join(bin, 'bash')}\n${script}\n`);
    await chmod(file, 0o755);
  }

  it('prints one sentence per missing server with the package to install, and fails', async () => {
    const run = new Child('bash', ['test/run'], { env: { PATH: bin } });
    await expect(run.exited).resolves.toEqual({ code: 1, signal: null });
    expect(run.stdout).toBe('');
    const sentences = run.stderr.trim().split('\n');
    expect(sentences).toContainEqual(
      expect.stringMatching(/^The tests need redis-server, .* "apt-get install redis-server"/),
    );
    expect(sentences).toContainEqual(expect.stringMatching(/^The tests need chromium, .* "apt-get install chromium"/));
    expect(sentences.every((sentence) => sentence.startsWith('The tests need '))).toBe(true);
  });

  describe('with a user who can become root', () => {
    const INSTALLS = /^-n env .* apt-get .* install -y --no-install-recommends .*redis-server/m;
    const QUESTION = 'Install them as root now? [y/N]';

    beforeEach(async () => {
      const asRoot = join(directory, 'as-root');
      await writeFile(asRoot, '');
      for (const program of ['rm', 'mktemp', 'tail']) await provide(program);
      await provide('apt-get', 'exit 1');
      // Records the command instead of running it as root.
      await provide('sudo', `echo "$*" >> ${asRoot}; [ -t 0 ] || while read -r _; do :; done`);
      await removeDirectory(join(bin, 'id'));
      await provide('id', 'echo 1000');
    });

    const asRoot = (): Promise<string> => readFile(join(directory, 'as-root'), 'utf8');

    /** Runs a command on a terminal with a typed answer. */
    async function onTerminal(answer: string, command: string, variables = ''): Promise<string> {
      const inner = `exec env -i ${variables} PATH=${bin} ${join(bin, 'bash')} ${command}`;
      const run = new Child('sh', ['-c', `echo '${answer}' | script -qec '${inner}' /dev/null`]);
      expect((await run.exited).code).toBe(1);
      expect(run.output).toContain('The tests need redis-server, which is missing');
      return run.output;
    }

    it('lists the packages and asks on a terminal, and installs nothing unless confirmed', async () => {
      for (const answer of ['', 'n']) {
        const output = await onTerminal(answer, 'test/run');
        expect(output).toMatch(/^The tests need Debian packages that are missing: .*redis-server/m);
        expect(output).toContain(QUESTION);
      }
      expect(await asRoot()).not.toContain('apt-get');
    });

    it('installs them after confirmation', async () => {
      expect(await onTerminal('y', 'test/run')).toContain(QUESTION);
      expect(await asRoot()).toMatch(INSTALLS);
    });

    it.each([
      ['with --install', 'test/run --install', ''],
      ['in CI', 'test/run', 'CI=true'],
    ])('installs them without asking %s', async (_when, command, variables) => {
      expect(await onTerminal('n', command, variables)).not.toContain(QUESTION);
      expect(await asRoot()).toMatch(INSTALLS);
    });

    it('installs them without asking if there is no terminal', async () => {
      const run = new Child('bash', ['test/run'], { env: { PATH: bin } });
      expect((await run.exited).code).toBe(1);
      expect(run.output).not.toContain(QUESTION);
      expect(await asRoot()).toMatch(INSTALLS);
    });
  });
});
