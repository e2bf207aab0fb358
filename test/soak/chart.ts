export interface Series {
  readonly name: string;
  readonly color: string;
  readonly values: readonly number[];
}

const WIDTH = 860;
const HEIGHT = 260;
const LEFT = 60;
const TOP = 40;

/** Draws a line chart as SVG: all series over the same time, on one scale. */
export function chart(title: string, unit: string, minutes: number, series: readonly Series[]): string {
  const top = niceTop(Math.max(1, ...series.flatMap(({ values }) => values)));
  const y = (value: number): number => Math.round(TOP + HEIGHT - (value / top) * HEIGHT);
  const lines = series.map(({ color, values }) => {
    const x = (index: number): number => Math.round(LEFT + (index / Math.max(1, values.length - 1)) * WIDTH);
    const points = values.map((value, index) => `${x(index)},${y(value)}`).join(' ');
    return `<polyline fill="none" stroke="${color}" stroke-width="1.5" points="${points}"/>`;
  });
  const grid = [0, 0.25, 0.5, 0.75, 1].map((part) => {
    const at = y(part * top);
    const label = `<text x="${LEFT - 8}" y="${at + 4}" text-anchor="end">${Math.round(part * top)}</text>`;
    return `<line x1="${LEFT}" x2="${LEFT + WIDTH}" y1="${at}" y2="${at}" stroke="#8884"/>${label}`;
  });
  const legend = series.map(
    ({ name, color }, index) => `<text x="${LEFT + WIDTH - 150 * (index + 1)}" y="22" fill="${color}">${name}</text>`,
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${LEFT + WIDTH + 20} ${TOP + HEIGHT + 40}" font-family="system-ui, sans-serif" font-size="12" fill="#777">`,
    `<text x="${LEFT}" y="22" font-size="14">${title} (${unit})</text>`,
    ...grid,
    ...lines,
    ...legend,
    `<text x="${LEFT}" y="${TOP + HEIGHT + 24}">0</text>`,
    `<text x="${LEFT + WIDTH}" y="${TOP + HEIGHT + 24}" text-anchor="end">${minutes} min</text>`,
    '</svg>',
    '',
  ].join('\n');
}

/** Rounds up to 1, 2 or 5 times a power of ten. */
function niceTop(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 5, 10].map((step) => step * power).find((step) => step >= value)!;
}
