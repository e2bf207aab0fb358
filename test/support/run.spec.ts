import { mkdir, symlink } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { Child } from './child.js';
import { makeTemporaryDirectory, removeDirectory } from './temporary-directory.js';

/** What test/run itself calls before it looks for servers; nothing here can install anything. */
const PROGRAMS = ['bash', 'dirname', 'id'];

describe('test/run on a machine that has nothing and may not install', () => {
  let directory: string;

  beforeEach(async () => {
    directory = await makeTemporaryDirectory();
    const bin = join(directory, 'bin');
    await mkdir(bin);
    const path = (process.env['PATH'] ?? '').split(delimiter);
    for (const program of PROGRAMS) {
      const found = path.map((folder) => join(folder, program)).find((file) => existsSync(file));
      await symlink(found!, join(bin, program));
    }
  });

  afterEach(() => removeDirectory(directory));

  it('says in one sentence each what to install, and fails', async () => {
    const run = new Child('bash', ['test/run'], { env: { PATH: join(directory, 'bin') } });
    await expect(run.exited).resolves.toEqual({ code: 1, signal: null });
    expect(run.stdout).toBe('');
    const sentences = run.stderr.trim().split('\n');
    expect(sentences).toContainEqual(
      expect.stringMatching(/^The tests need redis-server, .* "apt-get install redis-server"/),
    );
    expect(sentences).toContainEqual(expect.stringMatching(/^The tests need chromium, .* "apt-get install chromium"/));
    expect(sentences.every((sentence) => sentence.startsWith('The tests need '))).toBe(true);
  });
});
