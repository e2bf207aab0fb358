import { format, MODULE, type Row } from '../rows/row.js';
import { median } from '../statistics.js';
import { AREA, colour, gridLine, legend, svg, text } from './svg.js';

const SHOWN = [MODULE, 'ws', 'Socket.IO', 'Centrifugo'];

/** Draws the charts of these rows, by file name. */
export function charts(rows: readonly Row[]): Map<string, string> {
  const made = new Map<string, string>();
  const of = (group: string): Row[] => rows.filter((row) => row.group === group);
  for (const b of [1, 10]) {
    const fanOut = of('fan-out').filter((row) => row.b === b);
    if (fanOut.length === 0) continue;
    const title = `CPU of the server per delivery, B = ${b} (µs, less is better)`;
    made.set(
      `fan-out-${b}.svg`,
      barChart(title, fanOut, ({ n }) => `${n.toLocaleString('en-US')} subscribers`),
    );
  }
  const openLoop = of('open-loop').filter(({ what }) => what.startsWith('latency p99'));
  if (openLoop.length > 0) {
    const title = 'Latency p99 at a rate of deliveries per second, 1,000 subscribers (ms, less is better)';
    made.set('open-loop.svg', lineChart(title, openLoop));
  }
  const single = [...of('handshake'), ...of('inbound').slice(0, 1)];
  if (single.length > 0) {
    const title = 'CPU of the server per handshake, and per ping (µs, less is better)';
    made.set(
      'inbound.svg',
      barChart(title, single, ({ group }) => group),
    );
  }
  const shown: readonly [string, string, (row: Row) => boolean, string][] = [
    [
      'storm',
      'After SIGKILL, until clients are subscribed again (s, less is better)',
      ({ unit }) => unit === 's',
      ': ',
    ],
    ['verified-handshake', 'CPU of the server per handshake with a token (µs, less is better)', () => true, ' with '],
    ['paced', 'CPU of the server per delivery, 1,000 subscribers (µs, less is better)', () => true, 'fan-out, '],
  ];
  for (const [group, title, isShown, before] of shown) {
    const inChart = of(group).filter(isShown);
    const label = ({ what, b }: Row): string =>
      `${what.slice(what.indexOf(before) + before.length).replace(', per delivery', '')}${b === null ? '' : `, B = ${b}`}`;
    if (inChart.length > 0) made.set(`${group}.svg`, barChart(title, inChart, label));
  }
  const memory = of('memory');
  if (memory.length > 0) {
    const title = 'Resident memory per idle connection (KB, less is better)';
    made.set(
      'memory.svg',
      barChart(title, memory, ({ n }) => `${n.toLocaleString('en-US')} connections`),
    );
  }
  return made;
}

function barChart(title: string, rows: readonly Row[], label: (row: Row) => string): string {
  const shown = SHOWN.filter((column) => rows.some((row) => row.columns[column] !== undefined));
  const top = niceTop(Math.max(...rows.flatMap((row) => shown.map((column) => median(row.columns[column] ?? [0])))));
  const { left, right, bottom } = AREA;
  const y = (value: number): number => bottom - (value / top) * (bottom - AREA.top);
  const group = (right - left) / rows.length;
  const bar = Math.min(56, (group * 0.8) / shown.length);
  const bars = rows.flatMap((row, at) => {
    const start = left + group * (at + 0.5) - (bar * shown.length) / 2;
    return shown.map((column, index) => {
      const value = median(row.columns[column] ?? []);
      if (!Number.isFinite(value)) return '';
      const x = start + index * bar;
      const rect = `<rect x="${(x + 2).toFixed(1)}" y="${y(value).toFixed(1)}" width="${(bar - 4).toFixed(1)}" height="${(bottom - y(value)).toFixed(1)}" rx="2" fill="${colour(index)}"/>`;
      return rect + text(x + bar / 2, y(value) - 5, format(value));
    });
  });
  const labels = rows.map((row, at) => text(left + group * (at + 0.5), bottom + 22, label(row)));
  const grid = [0, 0.25, 0.5, 0.75, 1].map((part) => gridLine(y(top * part), format(top * part)));
  return svg(title, [...grid, ...bars, ...labels, legend(shown)]);
}

/** Both axes are logarithmic; one point for each measured rate. */
function lineChart(title: string, rows: readonly Row[]): string {
  const rates = rows.map(({ what }) => Number(/at ([\d,]+)/.exec(what)![1]!.replaceAll(',', '')));
  const { left, right, top, bottom } = AREA;
  const [least, most] = [0.1, 10_000];
  const scale = (value: number, from: number, to: number): number => Math.log(value / from) / Math.log(to / from);
  const x = (rate: number): number => left + scale(rate, rates[0]!, rates.at(-1)!) * (right - left - 24) + 8;
  const y = (value: number): number =>
    bottom - scale(Math.min(most, Math.max(least, value)), least, most) * (bottom - top);
  const shown = SHOWN.filter((column) => rows.some((row) => row.columns[column] !== undefined));
  const lines = shown.map((column, index) => {
    const points = rows.flatMap((row, at) => {
      const values = row.columns[column];
      return values === undefined ? [] : [[x(rates[at]!), y(median(values))] as const];
    });
    const path = points.map(([px, py]) => `${px.toFixed(1)},${py.toFixed(1)}`).join(' ');
    const dots = points.map(
      ([px, py]) => `<circle cx="${px.toFixed(1)}" cy="${py.toFixed(1)}" r="3" fill="${colour(index)}"/>`,
    );
    return `<polyline points="${path}" fill="none" stroke="${colour(index)}" stroke-width="2"/>${dots.join('')}`;
  });
  const labels = rates.map((rate) => text(x(rate), bottom + 22, rate >= 1e6 ? `${rate / 1e6}M` : `${rate / 1e3}k`));
  const grid = [0.1, 1, 10, 100, 1_000, 10_000].map((value) => gridLine(y(value), value < 1 ? '0.1' : format(value)));
  return svg(title, [...grid, ...lines, ...labels, legend(shown)]);
}

function niceTop(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value * 1.1));
  return Math.ceil((value * 1.1) / (power / 2)) * (power / 2);
}
