import { useState } from 'react';
import type { StreamDto, StreamPatternDto, StreamsDto } from '../../realtime/http/operator-shapes.js';
import { Action } from '../lists/action.js';
import { ListCard } from '../lists/list-card.js';
import { ListTable, type Column } from '../lists/list-table.js';
import { keyOfChannel, NamedChannel } from '../lists/named-channel.js';
import { countText } from '../lists/texts.js';
import { usePolled } from '../lists/use-polled.js';
import { sizeOf } from '../size.js';
import { ageText, dateText } from '../time.js';

/** Number of streams in the list. */
const LIMIT = 500;

const PATTERNS: readonly Column<StreamPatternDto>[] = [
  { name: 'Pattern', by: ({ pattern }) => pattern, cell: ({ pattern }) => pattern },
  { name: 'Open', isNumber: true, by: ({ open }) => open, cell: ({ open }) => countText(open) },
  { name: 'Readers', isNumber: true, by: ({ readers }) => readers, cell: ({ readers }) => countText(readers) },
  { name: 'Written', isNumber: true, by: ({ bytes }) => bytes, cell: ({ bytes }) => sizeOf(bytes) },
  endedColumn('Done', 'done'),
  endedColumn('Failed', 'failed'),
  endedColumn('Cancelled', 'cancelled'),
];

/** Lists the streams that are written or read. */
export function Streams({ hosts }: { readonly hosts: ReadonlyMap<string, string> }) {
  const [search, setSearch] = useState('');
  const { answer, problem, reload } = usePolled<StreamsDto>('streams', search.trim(), String(LIMIT));
  const { patterns = [], streams = [], total = 0, unanswered = [] } = answer ?? {};
  const columns: readonly Column<StreamDto>[] = [
    { name: 'Stream', by: keyOfChannel, cell: (row) => <NamedChannel {...row} /> },
    {
      name: 'State',
      by: ({ state }) => state,
      cell: ({ state }) => <span className={state === 'failed' ? 'bad' : undefined}>{state}</span>,
    },
    { name: 'Length', isNumber: true, by: ({ bytes }) => bytes, cell: ({ bytes }) => sizeOf(bytes) },
    {
      name: 'Kept',
      isNumber: true,
      by: ({ bytes, start }) => (start === null ? null : bytes - start),
      cell: ({ bytes, start }) => (start === null ? '–' : sizeOf(bytes - start)),
    },
    { name: 'Readers', isNumber: true, by: ({ readers }) => readers, cell: ({ readers }) => countText(readers) },
    {
      name: 'Writer',
      by: ({ writer }) => writer?.instanceId,
      cell: ({ writer }) => <Writer id={writer?.instanceId} hosts={hosts} />,
    },
    { name: 'Opened', by: ({ writer }) => writer?.openedAt, cell: ({ writer }) => <Age at={writer?.openedAt} /> },
    { name: 'Last part', by: ({ writer }) => writer?.writtenAt, cell: ({ writer }) => <Age at={writer?.writtenAt} /> },
    {
      name: 'Action',
      cell: ({ channel, tenant, writer }) =>
        writer !== null && (
          <Action
            name="Cancel"
            label={`Cancel ${channel}`}
            path={`streams/${encodeURIComponent(channel)}/cancel`}
            {...{ tenant, onDone: reload }}
          />
        ),
    },
  ];
  return (
    <>
      <ListCard
        {...{ id: 'patterns', title: 'Streams by pattern', problem, unanswered }}
        found={answer === null ? null : patterns.length}
        empty="The application has no stream."
      >
        <ListTable
          {...{ label: 'patterns of streams', rows: patterns, columns: PATTERNS }}
          keyOf={({ pattern }) => pattern}
          attributes={({ pattern }) => ({ 'data-pattern': pattern })}
        />
      </ListCard>
      <ListCard
        {...{ id: 'streams', title: 'Streams', search }}
        found={answer === null ? null : total}
        onSearch={setSearch}
        empty={search === '' ? 'No stream is being written or read.' : 'No stream matches.'}
      >
        <ListTable
          {...{ label: 'streams', rows: streams, columns, keyOf: keyOfChannel }}
          attributes={({ channel }) => ({ 'data-stream': channel })}
        />
        {total > streams.length && (
          <p className="faint">The first {countText(streams.length)} by name: search to see others.</p>
        )}
      </ListCard>
    </>
  );
}

function endedColumn(name: string, state: string): Column<StreamPatternDto> {
  const by = ({ ended }: StreamPatternDto): number => ended.find((one) => one.state === state)?.count ?? 0;
  return { name, by, isNumber: true, cell: (row) => countText(by(row)) };
}

function Age({ at }: { readonly at: string | undefined }) {
  return at === undefined ? '–' : <span title={dateText(at)}>{ageText(at)}</span>;
}

/** Number of characters of an instance id that are shown: several instances can have one host. */
const SHORT_ID = 6;

function Writer({ id, hosts }: { readonly id: string | undefined; readonly hosts: ReadonlyMap<string, string> }) {
  if (id === undefined) return <span className="faint">none</span>;
  return (
    <span title={id}>
      {hosts.get(id) ?? ''} <span className="faint">{id.slice(0, SHORT_ID)}</span>
    </span>
  );
}
