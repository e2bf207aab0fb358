import { readFileSync } from 'node:fs';
import { defineConfig } from 'vitepress';
import { contentsOf } from '../pages.mjs';

const { description, version } = JSON.parse(readFileSync('package.json', 'utf8'));
const linkOf = ({ address }) => `/${address.replace(/(index)?\.md$/, '')}`;

export default defineConfig({
  title: 'nestjs-realtime',
  description,
  srcDir: 'pages',
  base: process.env.SITE_BASE ?? '/',
  cleanUrls: true,
  ignoreDeadLinks: [/^https?:\/\/localhost/],
  markdown: {
    config(md) {
      md.set({ html: false }); // a `<` in the text is not a tag
      const { escapeHtml } = md.utils;
      // Two braces in the text are not a template.
      md.renderer.rules.text = (tokens, index) => escapeHtml(tokens[index].content).replaceAll('{{', '&#123;&#123;');
    },
  },
  themeConfig: {
    search: { provider: 'local' },
    outline: [2, 3],
    nav: [
      { text: 'Quick start', link: '/' },
      { text: 'Tutorial', link: '/tutorial' },
      { text: 'All pages', link: '/contents' },
      { text: version, link: '/CHANGELOG' },
    ],
    sidebar: contentsOf().map(({ title, items }) => ({
      text: title,
      items: items.map((item) => ({ text: item.label, link: linkOf(item) })),
    })),
  },
});
