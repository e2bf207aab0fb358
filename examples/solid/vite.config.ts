import solid from 'vite-plugin-solid';
import { defineConfig } from 'vite';

const API = 'http://localhost:3000';

export default defineConfig({
  plugins: [solid()],
  server: { proxy: { '/api': API, '/ws': { target: API, ws: true } } },
});
