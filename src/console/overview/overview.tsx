import { useState } from 'react';
import { sizeOf } from '../size.js';
import { Chart, LINES } from './chart.js';
import { Codes } from './codes.js';
import type { Condition, MetricName, History, KnownInstance } from './history.js';

const CHARTS: readonly (readonly [title: string, metric: MetricName, unit: string])[] = [
  ['Connections', 'connections', 'open'],
  ['Events', 'published', 'published / s'],
  ['Deliveries', 'delivered', 'delivered / s'],
  ['Latency', 'latency', 'ms (p99)'],
];

const COUNTS = [
  ['Connections', 'connections'],
  ['Users', 'users'],
  ['Subscriptions', 'subscriptions'],
  ['Channels', 'channels'],
] as const;

const CONDITIONS: Readonly<Record<Condition, string>> = {
  serving: 'Serving',
  draining: 'Draining',
  silent: 'Not responding',
  gone: 'Gone',
};

/** Shows the state of the cluster and of each instance. */
export function Overview({ history: { instances, snapshots } }: { readonly history: History }) {
  const [chosen, setChosen] = useState('');
  const shown = instances.filter(({ instanceId }) => chosen === '' || instanceId === chosen);
  const ids = shown.slice(0, LINES).map(({ instanceId }) => instanceId);
  const lines = instances.length > 1 ? ids : [];
  const troubled = instances.filter(({ condition }) => condition !== 'serving');
  return (
    <>
      <div role="status">
        {troubled.length > 0 && (
          <p className="warning">
            {troubled.map((one) => `${nameOf(one)}: ${CONDITIONS[one.condition].toLowerCase()}`).join(' · ')}
          </p>
        )}
      </div>
      <div className="charts">
        {CHARTS.map(([title, metric, unit]) => (
          <Chart key={metric} {...{ title, metric, unit, snapshots }} instances={lines} />
        ))}
      </div>
      <section className="card" aria-labelledby="instances-title">
        <header>
          <h2 id="instances-title">Instances</h2>
          <label className="inline">
            Chart lines
            <select value={chosen} onChange={(event) => setChosen(event.target.value)}>
              <option value="">Total and each instance</option>
              {instances.map((one) => (
                <option key={one.instanceId} value={one.instanceId}>
                  {nameOf(one)}
                </option>
              ))}
            </select>
          </label>
        </header>
        <div className="scroll-x" tabIndex={0} role="region" aria-label="Table of instances">
          <table className="cards">
            <thead>
              <tr>
                <th scope="col">Instance</th>
                <th scope="col">State</th>
                {[...COUNTS.map(([name]) => name), 'Event loop delay', 'Buffered'].map((name) => (
                  <th key={name} scope="col" className="number">
                    {name}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {instances.map((one) => (
                <InstanceRow key={one.instanceId} instance={one} line={ids.indexOf(one.instanceId) + 1} />
              ))}
            </tbody>
          </table>
        </div>
      </section>
      <Codes instances={instances.filter(({ condition }) => condition !== 'gone')} />
    </>
  );
}

function nameOf({ instanceId, host }: KnownInstance): string {
  return `${host} (${instanceId})`;
}

function InstanceRow({ instance, line }: { readonly instance: KnownInstance; readonly line: number }) {
  const { instanceId, host, condition } = instance;
  const counts = COUNTS.map(([name, counter]) => [name, instance[counter].toLocaleString('en')] as const);
  return (
    <tr data-instance={instanceId} data-condition={condition}>
      <th scope="row">
        <span className="key" data-line={line} aria-hidden="true" /> {host} <span className="faint">{instanceId}</span>
      </th>
      <td>
        <span className="state" data-condition={condition}>
          {CONDITIONS[condition]}
        </span>
      </td>
      {[
        ...counts,
        ['Event loop delay', `${instance.eventLoopDelayMs} ms`] as const,
        ['Buffered', sizeOf(instance.bufferedBytes)] as const,
      ].map(([name, value]) => (
        <td key={name} className="number" data-label={name}>
          {value}
        </td>
      ))}
    </tr>
  );
}
