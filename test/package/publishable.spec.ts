import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { makeTemporaryDirectory, removeDirectory } from '../support/temporary-directory.js';

const check = (cwd: string) => {
  const { status, stderr } = spawnSync(process.execPath, [resolve('.ci/publishable.mjs')], { cwd, encoding: 'utf8' });
  return { status, missing: stderr.split('\n').filter(Boolean) };
};

describe('npm publish', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await makeTemporaryDirectory();
  });
  afterEach(() => removeDirectory(folder));

  it('runs the check first, and lists the fields that the publisher fills in', () => {
    const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as Record<string, unknown>;
    expect(manifest).toMatchObject({ scripts: { prepublishOnly: 'node .ci/publishable.mjs' } });
    expect(manifest).not.toHaveProperty('private');
    expect(manifest).toMatchObject({
      scripts: { release: expect.stringMatching(/npm publish.*npm publish.*client/) as string },
    });
    expect(check('.')).toEqual({
      status: 1,
      missing: [
        expect.stringContaining('"repository"'),
        expect.stringContaining('"homepage"'),
        expect.stringContaining('"bugs"'),
        expect.stringContaining('"author"'),
        expect.stringContaining('LICENSE'),
      ],
    });
  });

  it('continues if everything is filled in', () => {
    const filled = { repository: 'r', homepage: 'h', bugs: 'b', author: 'a' };
    writeFileSync(join(folder, 'package.json'), JSON.stringify(filled));
    writeFileSync(join(folder, 'LICENSE'), 'Copyright (c) 2026 A. Publisher');
    expect(check(folder)).toEqual({ status: 0, missing: [] });
  });
});
