import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { makeTemporaryDirectory, removeDirectory } from '../../support/temporary-directory.js';

const run = promisify(execFile);

/** Debian installs nginx in a folder that is only on the PATH of root. */
const NGINX = ['/usr/sbin/nginx', '/usr/bin/nginx', '/usr/local/sbin/nginx'].find((path) => existsSync(path));

/** Tests a configuration with this `http` block. @returns the output of nginx @throws with it if nginx refuses the file */
export async function configTestOf(http: string): Promise<string> {
  if (NGINX === undefined) throw new Error('This test needs nginx: install it with "apt-get install nginx-light"');
  const directory = await makeTemporaryDirectory();
  try {
    const file = join(directory, 'nginx.conf');
    const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
    const paths = temporary.map((name) => `${name}_temp_path ${directory}/${name};`).join('\n');
    await writeFile(file, `pid ${directory}/pid;\nevents {}\nhttp {\naccess_log off;\n${paths}\n${http}\n}\n`);
    return (await run(NGINX, ['-t', '-p', directory, '-e', 'stderr', '-c', file])).stderr;
  } finally {
    await removeDirectory(directory);
  }
}
