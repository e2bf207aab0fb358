import { writeFile } from 'node:fs/promises';
import { optionsReference } from './support/options-reference.js';

await writeFile('docs/options.md', await optionsReference());
