// The build before `npm start`. It takes several seconds, so it says what it is doing.
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';

const STEPS = [
  ['the server', 'build:server'],
  ['the package for CommonJS', 'build:cjs'],
  ['the pages', 'build:page'],
];

rmSync('dist', { recursive: true, force: true });
for (const [index, [what, script]] of STEPS.entries()) {
  process.stdout.write(`Building ${what} (${index + 1} of ${STEPS.length}) … `);
  const begun = performance.now();
  const { status, stdout, stderr } = spawnSync('npm', ['run', '--silent', script], { encoding: 'utf8' });
  console.log(status === 0 ? `${((performance.now() - begun) / 1_000).toFixed(0)} s` : 'failed');
  if (status !== 0) {
    process.stderr.write(`${stdout}${stderr}`);
    process.exit(status ?? 1);
  }
}
