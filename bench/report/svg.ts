/** Shapes of the charts as strings, without a library. The colours are readable on light and dark backgrounds. */

export const WIDTH = 720;
export const HEIGHT = 320;
const COLOURS = ['#2f6fde', '#e0772d', '#7a8699', '#2e9d6a'];

export interface Area {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

export const AREA: Area = { left: 64, top: 64, right: WIDTH - 16, bottom: HEIGHT - 40 };

export function colour(index: number): string {
  return COLOURS[index % COLOURS.length]!;
}

export function text(x: number, y: number, content: string, anchor = 'middle', size = 12): string {
  const escaped = content.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" text-anchor="${anchor}" font-size="${size}">${escaped}</text>`;
}

export function gridLine(y: number, label: string): string {
  const { left, right } = AREA;
  const rule = `<line x1="${left}" x2="${right}" y1="${y.toFixed(1)}" y2="${y.toFixed(1)}" stroke="#8a94a6" stroke-opacity="0.3"/>`;
  return rule + text(left - 8, y + 4, label, 'end');
}

export function legend(names: readonly string[]): string {
  const width = 140;
  return names
    .map((name, index) => {
      const x = AREA.left + index * width;
      return `<rect x="${x}" y="36" width="12" height="12" rx="2" fill="${colour(index)}"/>${text(x + 18, 46, name, 'start')}`;
    })
    .join('');
}

export function svg(title: string, parts: readonly string[]): string {
  const style = 'font-family="system-ui, sans-serif" fill="#6b7688"';
  const open = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" role="img" ${style}>`;
  return `${open}\n<title>${title}</title>\n${text(AREA.left, 22, title, 'start', 15)}\n${parts.join('\n')}\n</svg>\n`;
}
