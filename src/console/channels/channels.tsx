import { useEffect, useState } from 'react';
import { describeError, useApi } from '../api/api.js';
import type { ChannelsDto } from '../../realtime/http/operator-shapes.js';
import type { FollowedChannel } from '../tail/followed-channel.js';

/** Lists the channels that have subscribers. */
export function Channels({ onTail }: { readonly onTail: (followed: FollowedChannel) => void }) {
  const api = useApi();
  const [search, setSearch] = useState('');
  const [turn, setTurn] = useState(0);
  const [page, setPage] = useState<ChannelsDto | null>(null);
  const [problem, setProblem] = useState<string | null>(null);

  useEffect(() => {
    const over = new AbortController();
    const load = async (): Promise<void> => {
      try {
        setPage(await api.get<ChannelsDto>('channels', { search }, over.signal));
        setProblem(null);
      } catch (error) {
        if (!over.signal.aborted) setProblem(describeError(error));
      }
    };
    const wait = setTimeout(() => void load(), 150); // one request after the user stops typing
    return () => {
      clearTimeout(wait);
      over.abort();
    };
  }, [api, search, turn]);

  const more = async (): Promise<void> => {
    if (typeof page?.next !== 'string') return;
    try {
      const next = await api.get<ChannelsDto>('channels', { search, cursor: page.next });
      setPage({ ...next, channels: [...page.channels, ...next.channels] });
    } catch (error) {
      setProblem(describeError(error));
    }
  };

  return (
    <section className="card" aria-labelledby="channels-title">
      <header>
        <h2 id="channels-title">Channels</h2>
        <p className="faint" role="status">
          {page === null ? '' : `${page.total.toLocaleString('en')} found`}
        </p>
        <button type="button" className="quiet" onClick={() => setTurn(turn + 1)}>
          Refresh
        </button>
      </header>
      <div className="filters">
        <label>
          Search
          <input type="search" value={search} onChange={(event) => setSearch(event.target.value)} />
        </label>
      </div>
      {problem !== null && (
        <p className="problem" role="alert">
          {problem}
        </p>
      )}
      {page?.channels.length === 0 && (
        <p className="empty">
          {search === '' ? 'No channel has a subscriber.' : 'No channel with a subscriber matches.'}
        </p>
      )}
      <div className="scroll-x" tabIndex={0} role="region" aria-label="Table of channels">
        <table className="cards">
          <thead>
            <tr>
              <th scope="col">Channel</th>
              <th scope="col">Pattern</th>
              <th scope="col" className="number">
                Subscribers
              </th>
              <th scope="col" className="number">
                Instances
              </th>
            </tr>
          </thead>
          <tbody>
            {page?.channels.map(({ channel, tenant, pattern, subscribers, instances }) => (
              <tr key={`${tenant ?? ''} ${channel}`} data-channel={channel}>
                <th scope="row">
                  <button type="button" className="link" onClick={() => onTail({ channel, tenant: tenant ?? '' })}>
                    {channel}
                  </button>
                  {tenant !== undefined && <span className="faint"> (tenant {tenant})</span>}
                </th>
                <td className="faint" data-label="Pattern">
                  {pattern}
                </td>
                <td className="number" data-label="Subscribers">
                  {subscribers.toLocaleString('en')}
                </td>
                <td className="number" data-label="Instances">
                  {instances}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {typeof page?.next === 'string' && (
        <button type="button" className="quiet" onClick={() => void more()}>
          Load more
        </button>
      )}
    </section>
  );
}
