import { useState } from 'react';
import type { ConnectionDetailsDto, InstanceDto } from '../../realtime/http/operator-shapes.js';
import { Details } from './details.js';
import { Table } from './table.js';
import { useConnections, type ConnectionQuery } from './use-connections.js';

const DEFAULT_QUERY: ConnectionQuery = { search: '', sort: 'connectedAt', order: 'desc', instance: '', channel: '' };

interface ConnectionsProps {
  readonly instances: readonly InstanceDto[];
  readonly onCheck: (connection: ConnectionDetailsDto, channel: string) => void;
}

/** Lists the connections of all instances. */
export function Connections({ instances, onCheck }: ConnectionsProps) {
  const [query, setQuery] = useState(DEFAULT_QUERY);
  const [opened, setOpened] = useState<string | null>(null);
  const { rows, problem, reload, more, without } = useConnections(query);
  const ask = (change: Partial<ConnectionQuery>): void => setQuery((before) => ({ ...before, ...change }));
  const sortBy = (sort: string): void =>
    ask({ sort, order: query.sort === sort && query.order === 'asc' ? 'desc' : 'asc' });
  const hosts = new Map(instances.map(({ instanceId, host }) => [instanceId, host]));
  return (
    <section className="card" aria-labelledby="connections-title">
      <header>
        <h2 id="connections-title">Connections</h2>
        <p className="faint" role="status">
          {rows.total.toLocaleString('en')} found
        </p>
        <button type="button" className="quiet" onClick={reload}>
          Refresh
        </button>
      </header>
      <div className="filters">
        <label>
          Search
          <input
            type="search"
            placeholder="ID, user, role, address, session"
            value={query.search}
            onChange={(event) => ask({ search: event.target.value })}
          />
        </label>
        <label>
          Channel
          <input value={query.channel} onChange={(event) => ask({ channel: event.target.value })} />
        </label>
        <label>
          Instance
          <select value={query.instance} onChange={(event) => ask({ instance: event.target.value })}>
            <option value="">All</option>
            {instances.map(({ instanceId, host }) => (
              <option key={instanceId} value={instanceId}>
                {host} ({instanceId})
              </option>
            ))}
          </select>
        </label>
      </div>
      {problem !== null && (
        <p className="problem" role="alert">
          {problem}
        </p>
      )}
      <Table
        {...{ hosts, query }}
        rows={rows.connections}
        total={rows.total}
        onSort={sortBy}
        onOpen={setOpened}
        onEnd={more}
      />
      {opened !== null && (
        <Details id={opened} hosts={hosts} onClose={() => setOpened(null)} onEnded={without} onCheck={onCheck} />
      )}
    </section>
  );
}
