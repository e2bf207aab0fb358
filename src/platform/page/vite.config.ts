import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

/** Address of `npm start`. */
const PLATFORM = 'http://localhost:8888';

/**
 * `vite build` writes the page into the platform's build. `vite` serves it with hot reload and uses the API of `npm
 * start`.
 */
export default defineConfig({
  base: './',
  plugins: [react()],
  build: {
    outDir: '../../../dist/platform/page',
    emptyOutDir: true,
    modulePreload: { polyfill: false },
    // Assets stay separate files; none is inlined as a data URL.
    assetsInlineLimit: 0,
    rolldownOptions: {
      onLog(level, log, next) {
        // "use client" matters only to frameworks with server rendering.
        if (log.code !== 'MODULE_LEVEL_DIRECTIVE') next(level, log);
      },
    },
  },
  server: {
    // The page's source has an `api` folder too.
    proxy: { '^/api/(?![\\w-]+\\.ts\\b)': PLATFORM, '/ws': { target: PLATFORM, ws: true } },
  },
});
