/** Files of `nest new` for Nest 12 besides its sources. The globals of tests are those of Jest instead of Vitest. */
export const NEST_FILES = {
  'package.json': JSON.stringify({ name: 'shop', private: true, type: 'module' }),
  'tsconfig.json': JSON.stringify({
    compilerOptions: {
      module: 'nodenext',
      moduleResolution: 'nodenext',
      resolvePackageJsonExports: true,
      esModuleInterop: true,
      isolatedModules: true,
      declaration: true,
      removeComments: true,
      emitDecoratorMetadata: true,
      experimentalDecorators: true,
      allowSyntheticDefaultImports: true,
      target: 'ES2023',
      sourceMap: true,
      outDir: './dist',
      rootDir: './src',
      incremental: true,
      skipLibCheck: true,
      strict: true,
      strictPropertyInitialization: false,
      types: ['jest', 'node'],
    },
    include: ['src'],
  }),
  'jest.config.json': JSON.stringify({ testMatch: ['<rootDir>/dist/**/*.spec.js'], transform: {} }),
} as const;

/** Packages of `nest new` that the tutorial uses. */
export const NEST_PACKAGES = ['@nestjs/platform-express', '@nestjs/testing', '@types/node', '@types/jest'] as const;

/** Files of `npm create vite -- --template react-ts` besides those of the tutorial. */
export const VITE_FILES = {
  'package.json': JSON.stringify({ name: 'web', private: true, type: 'module' }),
  'index.html':
    '<!doctype html><title>web</title><div id="root"></div><script type="module" src="/src/main.tsx"></script>',
  'src/main.tsx': `import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import App from './App.tsx';

createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
`,
  'tsconfig.json': JSON.stringify({
    compilerOptions: {
      target: 'es2023',
      lib: ['ES2023', 'DOM'],
      module: 'esnext',
      types: ['vite/client'],
      skipLibCheck: true,
      moduleResolution: 'bundler',
      allowImportingTsExtensions: true,
      verbatimModuleSyntax: true,
      moduleDetection: 'force',
      noEmit: true,
      jsx: 'react-jsx',
      strict: true,
      noUnusedLocals: true,
      noUnusedParameters: true,
    },
    include: ['src'],
  }),
} as const;

/** Packages that this template installs. */
export const VITE_PACKAGES = [
  'react',
  'react-dom',
  'vite',
  '@vitejs/plugin-react',
  '@types/react',
  '@types/react-dom',
] as const;
