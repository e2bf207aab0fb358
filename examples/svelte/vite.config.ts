import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vite';

const API = 'http://localhost:3000';

export default defineConfig({
  plugins: [svelte()],
  server: { proxy: { '/api': API, '/ws': { target: API, ws: true } } },
});
