// Run by `npm publish`: fails with the list of fields that the publisher must fill in, such as names and addresses.
import { readFileSync } from 'node:fs';

const NEEDED = {
  repository: 'the address of the git repository',
  homepage: 'the address of the documentation',
  bugs: 'the address where users report bugs',
  author: 'the name of the publisher',
};

const manifest = JSON.parse(readFileSync('package.json', 'utf8'));
const missing = Object.entries(NEEDED)
  .filter(([field]) => manifest[field] === undefined)
  .map(([field, what]) => `package.json has no "${field}": add ${what}`);
if (readFileSync('LICENSE', 'utf8').includes('the nestjs-realtime authors')) {
  missing.push('LICENSE names no holder: replace "the nestjs-realtime authors" with the name of the publisher');
}
for (const sentence of missing) console.error(sentence);
process.exitCode = missing.length === 0 ? 0 : 1;
