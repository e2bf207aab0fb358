import vue from '@vitejs/plugin-vue';
import { defineConfig } from 'vite';

const API = 'http://localhost:3000';

export default defineConfig({
  plugins: [vue()],
  server: { proxy: { '/api': API, '/ws': { target: API, ws: true } } },
});
