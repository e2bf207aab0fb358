// Writes the fields of package.json that follow from the entry points of the server: npm run manifest
import { readFileSync, writeFileSync } from 'node:fs';
import { entryPointsOf } from './packages.cjs';

const manifest = JSON.parse(readFileSync('package.json', 'utf8'));
Object.assign(manifest, entryPointsOf(manifest.name));
writeFileSync('package.json', `${JSON.stringify(manifest, null, 2)}\n`);
