const { createHash } = require('node:crypto');
const { mkdirSync, readFileSync, renameSync, writeFileSync } = require('node:fs');
const paths = require('node:path');
const { fileURLToPath } = require('node:url');

const CACHE = paths.resolve(__dirname, '../../../node_modules/.cache/specs');

const OPTIONS = {
  swcrc: false,
  sourceMaps: true,
  jsc: {
    parser: { syntax: 'typescript', decorators: true },
    transform: { legacyDecorator: true, decoratorMetadata: true },
    target: 'es2022',
  },
  module: { type: 'es6' },
};

const { version } = require('@swc/core/package.json');
const COMPILER = JSON.stringify([version, OPTIONS]);

/** Where the compiled file is cached, without its extension: `.js`, or `.map` for its source map. */
function cachePath(file, source) {
  return paths.join(
    CACHE,
    createHash('sha1').update(COMPILER).update(paths.basename(file)).update(source).digest('hex'),
  );
}

/** Writes the file in one step: another worker may read or write it at the same time. */
function write(path, text) {
  const temporary = `${path}.${process.pid}`;
  writeFileSync(temporary, text);
  renameSync(temporary, path);
}

/** Compiles the source of a TypeScript file. */
function transform(file, source) {
  const options = { ...OPTIONS, filename: file, sourceFileName: paths.basename(file) };
  return require('@swc/core').transformSync(source, options);
}

/** Returns the JavaScript of a TypeScript file, from the cache if it is there. */
function compile(file) {
  const source = readFileSync(file, 'utf8');
  const path = cachePath(file, source);
  try {
    return readFileSync(`${path}.js`, 'utf8');
  } catch {
    const { code, map } = transform(file, source);
    mkdirSync(CACHE, { recursive: true });
    write(`${path}.map`, map);
    write(`${path}.js`, code);
    return code;
  }
}

/** The source map of each compiled file, looked up by the file's path or URL when a stack trace needs it. */
class SourceMaps extends Map {
  get(name) {
    if (!name.endsWith('.ts')) return undefined;
    if (!this.has(name)) {
      const file = name.startsWith('file:') ? fileURLToPath(name) : name;
      this.set(name, `${cachePath(file, readFileSync(file, 'utf8'))}.map`);
    }
    return super.get(name);
  }
}

module.exports = { compile, transform, SourceMaps };
