import { useEffect, useState } from 'react';
import { describeError, useApi } from '../api/api.js';
import type { ChannelDto, ChannelsDto } from '../../realtime/http/operator-shapes.js';
import { ListCard } from '../lists/list-card.js';
import { ListTable, type Column } from '../lists/list-table.js';
import { keyOfChannel } from '../lists/named-channel.js';
import { countText } from '../lists/texts.js';
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

  const columns: readonly Column<ChannelDto>[] = [
    {
      name: 'Channel',
      cell: ({ channel, tenant }) => (
        <>
          <button type="button" className="link" onClick={() => onTail({ channel, tenant: tenant ?? '' })}>
            {channel}
          </button>
          {tenant !== undefined && <span className="faint"> (tenant {tenant})</span>}
        </>
      ),
    },
    { name: 'Pattern', cell: ({ pattern }) => <span className="faint">{pattern}</span> },
    { name: 'Subscribers', isNumber: true, cell: ({ subscribers }) => countText(subscribers) },
    { name: 'Instances', isNumber: true, cell: ({ instances }) => instances },
  ];

  return (
    <ListCard
      {...{ id: 'channels', title: 'Channels', search, problem, unanswered: page?.unanswered ?? [] }}
      found={page === null ? null : page.total}
      onSearch={setSearch}
      empty={search === '' ? 'No channel has a subscriber.' : 'No channel with a subscriber matches.'}
      actions={
        <button type="button" className="quiet" onClick={() => setTurn(turn + 1)}>
          Refresh
        </button>
      }
    >
      <ListTable
        {...{ label: 'channels', rows: page?.channels ?? [], columns, keyOf: keyOfChannel }}
        attributes={({ channel }) => ({ 'data-channel': channel })}
      />
      {typeof page?.next === 'string' && (
        <button type="button" className="quiet" onClick={() => void more()}>
          Load more
        </button>
      )}
    </ListCard>
  );
}
