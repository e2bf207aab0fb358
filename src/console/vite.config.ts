import { defineConfig } from 'vite';

/** Address of `npm start`. */
const PLATFORM = 'http://localhost:8888';

/** `vite build` writes the console into the module's build. */
export default defineConfig({
  base: './',
  build: {
    outDir: '../../dist/realtime/console',
    emptyOutDir: true,
    // The page is /realtime/console, and its files are below it: relative paths work behind any prefix.
    assetsDir: 'console',
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
    proxy: { '/realtime': PLATFORM, '/ws': { target: PLATFORM, ws: true } },
  },
});
