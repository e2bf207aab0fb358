import { useEffect, useRef } from 'react';
import UPlot from 'uplot';
import { DARK, useMedia } from '../use-media.js';
import { LOOK_BACK_MS, type MetricName, type Snapshot } from './history.js';

interface ChartProps {
  readonly title: string;
  readonly metric: MetricName;
  readonly unit: string;
  readonly snapshots: readonly Snapshot[];
  /** Instances with their own line, in addition to the total. */
  readonly instances: readonly string[];
}

/** Number of line colors for instances: `--line-1` to `--line-6` of the stylesheet. */
export const LINES = 6;
const HEIGHT = 150;
/** Time range, in seconds. New data enters from the right, and the first samples are not stretched. */
const SPAN = LOOK_BACK_MS / 1_000;
/** Half the width of a time label, in pixels. */
const HALF_MARK = 28;
const timeOf = UPlot.fmtDate('{HH}:{mm}:{ss}');
/** Possible intervals between time labels, in seconds. */
const STEPS = [10, 15, 30, 60, 120, 300];

/** Charts one metric over the last minutes. The current value is shown as text. */
export function Chart({ title, metric, unit, snapshots, instances }: ChartProps) {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<UPlot | null>(null);
  const isDark = useMedia(DARK); // a canvas does not follow the color scheme by itself
  const key = instances.join(' ');
  const now = snapshots.at(-1)?.all[metric] ?? null;

  useEffect(() => {
    const element = place.current!;
    const style = getComputedStyle(document.documentElement);
    const colour = (name: string): string => style.getPropertyValue(`--${name}`).trim();
    const axis = { stroke: colour('faint'), grid: { stroke: colour('line'), width: 1 }, ticks: { show: false } };
    const ids = key === '' ? [] : key.split(' ');
    const made = new UPlot(
      {
        width: element.clientWidth,
        height: HEIGHT,
        legend: { show: false },
        cursor: { show: false },
        padding: [8, 0, 0, 0],
        axes: [
          {
            ...axis,
            size: 26,
            space: 80,
            incrs: STEPS,
            values: marks,
          },
          { ...axis, size: 46, space: 32 },
        ],
        scales: {
          x: { range: (_, __, last) => [last - SPAN, last] },
          y: { range: (_, __, max) => [0, max > 0 ? max * 1.15 : 1] },
        },
        series: [
          {},
          { stroke: colour('accent'), width: 2, fill: colour('accent-fill'), points: { show: false } },
          ...ids.map((_, n) => ({
            stroke: colour(`line-${(n % LINES) + 1}`),
            width: 1.25,
            points: { show: false },
          })),
        ],
      },
      [[], [], ...ids.map(() => [])],
      element,
    );
    plot.current = made;
    const resized = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height: HEIGHT }));
    resized.observe(element);
    return () => {
      resized.disconnect();
      made.destroy();
      plot.current = null;
    };
  }, [key, isDark]);

  useEffect(() => {
    const ids = key === '' ? [] : key.split(' ');
    plot.current?.setData([
      snapshots.map(({ at }) => at / 1_000),
      snapshots.map(({ all }) => all[metric]),
      ...ids.map((id) => snapshots.map(({ byInstance }) => byInstance.get(id)?.[metric] ?? null)),
    ]);
  }, [snapshots, metric, key, isDark]);

  return (
    <section className="card chart" aria-label={title}>
      <header>
        <h2>{title}</h2>
        <p className="metric" data-metric={metric}>
          {now === null ? '–' : rounded(now)} <span className="faint">{unit}</span>
        </p>
      </header>
      <div ref={place} className="plot" aria-hidden="true" />
    </section>
  );
}

/** Formats the time labels. Omits a label that the right edge would cut off. */
function marks(plot: UPlot, seconds: readonly number[]): (string | null)[] {
  const end = plot.bbox.width / devicePixelRatio - HALF_MARK;
  return seconds.map((at) => (plot.valToPos(at, 'x') > end ? null : timeOf(new Date(at * 1_000))));
}

function rounded(value: number): string {
  return value.toLocaleString('en', { maximumFractionDigits: value < 10 ? 1 : 0 });
}
