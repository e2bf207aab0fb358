// Builds the site of the docs into dist-site: node site/build.mjs
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'vitepress';
import { writeForModels, writePages } from './pages.mjs';

const OUT = 'dist-site';
const { description } = JSON.parse(readFileSync('package.json', 'utf8'));

const pages = writePages('site/pages');
await build('site', { outDir: join(process.cwd(), OUT) });
writeForModels(OUT, pages, description);
