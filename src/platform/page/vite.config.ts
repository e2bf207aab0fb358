import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

/** Where `npm start` listens. */
const PLATFORM = 'http://localhost:8888';

/** `vite build` puts the page beside the platform's own files; `vite` serves it with hot reload, over the API of `npm start`. */
export default defineConfig({
  base: './',
  plugins: [react()],
  build: {
    outDir: '../../../dist/platform/page',
    emptyOutDir: true,
    modulePreload: { polyfill: false },
    // Every file is one of ours: nothing is put into the page or a stylesheet as data.
    assetsInlineLimit: 0,
    rolldownOptions: {
      onLog(level, log, next) {
        // "use client" is for frameworks that render on a server.
        if (log.code !== 'MODULE_LEVEL_DIRECTIVE') next(level, log);
      },
    },
  },
  server: {
    // The page has a folder of that name too.
    proxy: { '^/api/(?![\\w-]+\\.ts\\b)': PLATFORM, '/ws': { target: PLATFORM, ws: true } },
  },
});
