import { readFileSync } from 'node:fs';
import { compile as compileSvelte } from 'svelte/compiler';
import { compileScript, compileTemplate, parse } from 'vue/compiler-sfc';
import * as angular from '../../src/angular/index.js';
import { blocksIn, blocksOf } from './support/blocks.js';

/** Files of the applications in `examples`, in the order in which the pages show them. */
const FILES = {
  vue: ['src/realtime.ts', 'src/main.ts', 'src/App.vue'],
  svelte: ['src/realtime.ts', 'src/App.svelte'],
  solid: ['src/realtime.ts', 'src/main.tsx', 'src/app.tsx'],
};

it.each(Object.entries(FILES))('docs/frameworks/%s.md shows the files of its example', (framework, files) => {
  const shown = blocksOf(`docs/frameworks/${framework}.md`)
    .filter(({ language }) => language !== 'sh')
    .map(({ code }) => code.replace('/** @jsxImportSource solid-js */\n', ''));
  const contents = files.map((file) => readFileSync(`examples/${framework}/${file}`, 'utf8'));
  expect(shown.slice(0, files.length)).toEqual(contents);
});

it.each(blocksIn('vue'))('$name is a component of Vue', ({ name, code }) => {
  const { descriptor, errors } = parse(code, { filename: name });
  const { content, bindings } = compileScript(descriptor, { id: name });
  const { errors: inTemplate } = compileTemplate({
    id: name,
    filename: name,
    source: descriptor.template!.content,
    compilerOptions: { bindingMetadata: bindings! },
  });
  expect([errors, inTemplate]).toEqual([[], []]);
  expect(content).toContain('defineComponent');
});

it.each(blocksIn('svelte'))('$name is a component of Svelte', ({ name, code }) => {
  expect(compileSvelte(code, { filename: name }).warnings).toEqual([]);
});

it('docs/frameworks/angular.md names every function', () => {
  const doc = readFileSync('docs/frameworks/angular.md', 'utf8');
  expect(Object.keys(angular).length).toBeGreaterThan(10);
  expect(Object.keys(angular).filter((name) => !new RegExp(`\\b${name.replace('$', '\\$')}[(<]`).test(doc))).toEqual(
    [],
  );
});
