import { defineConfig } from 'vite';

/** Where `npm start` listens. */
const PLATFORM = 'http://localhost:8888';

/** `vite build` puts the console beside the module's own files. */
export default defineConfig({
  base: './',
  build: {
    outDir: '../../dist/realtime/console',
    emptyOutDir: true,
    // The page is /realtime/console, and so are its files under it: relative, they are found behind any prefix.
    assetsDir: 'console',
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
    proxy: { '/realtime': PLATFORM, '/ws': { target: PLATFORM, ws: true } },
  },
});
