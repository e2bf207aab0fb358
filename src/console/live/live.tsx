import { useState } from 'react';
import type { LiveChannelDto, LiveDto, LiveResourceDto } from '../../realtime/http/operator-shapes.js';
import { Action } from '../lists/action.js';
import { ListCard } from '../lists/list-card.js';
import { ListTable, type Column } from '../lists/list-table.js';
import { keyOfChannel, NamedChannel } from '../lists/named-channel.js';
import { countText, msText } from '../lists/texts.js';
import { usePolled } from '../lists/use-polled.js';
import { sizeOf } from '../size.js';
import { ageText, dateText } from '../time.js';

/** Number of channels in the list. */
const LIMIT = 500;

const RESOURCES: readonly Column<LiveResourceDto>[] = [
  { name: 'Live resource', by: ({ pattern }) => pattern, cell: ({ pattern }) => pattern },
  { name: 'Loads', isNumber: true, by: ({ loads }) => loads, cell: ({ loads }) => countText(loads) },
  {
    name: 'Failed',
    isNumber: true,
    by: failedOf,
    cell: (row) => <span className={failedOf(row) > 0 ? 'bad' : undefined}>{countText(failedOf(row))}</span>,
  },
  {
    name: 'p50',
    isNumber: true,
    by: ({ durationMs }) => durationMs?.p50,
    cell: ({ durationMs }) => msText(durationMs?.p50),
  },
  {
    name: 'p99',
    isNumber: true,
    by: ({ durationMs }) => durationMs?.p99,
    cell: ({ durationMs }) => msText(durationMs?.p99),
  },
  { name: 'In memory', isNumber: true, by: ({ states }) => states, cell: ({ states }) => countText(states) },
  { name: 'Size', isNumber: true, by: ({ stateBytes }) => stateBytes, cell: ({ stateBytes }) => sizeOf(stateBytes) },
  { name: 'Sent', isNumber: true, by: ({ sent }) => sent, cell: ({ sent }) => countText(sent) },
  { name: 'Sent size', isNumber: true, by: ({ sentBytes }) => sentBytes, cell: ({ sentBytes }) => sizeOf(sentBytes) },
];

/** Lists the live resources of the application, and the states of their channels. */
export function Live() {
  const [search, setSearch] = useState('');
  const { answer, problem, reload } = usePolled<LiveDto>('live', search.trim(), String(LIMIT));
  const { resources = [], channels = [], total = 0, unanswered = [] } = answer ?? {};
  const columns: readonly Column<LiveChannelDto>[] = [
    { name: 'Channel', by: keyOfChannel, cell: (row) => <NamedChannel {...row} /> },
    {
      name: 'Subscribers',
      isNumber: true,
      by: ({ subscribers }) => subscribers,
      cell: ({ subscribers }) => countText(subscribers),
    },
    {
      name: 'Size',
      isNumber: true,
      by: ({ bytes }) => bytes,
      cell: ({ bytes }) => (bytes === null ? '–' : sizeOf(bytes)),
    },
    { name: 'Loaded', by: ({ loadedAt }) => loadedAt, cell: ({ loadedAt }) => <Age at={loadedAt} /> },
    { name: 'Last load', by: ({ lastLoad }) => lastLoad?.at, cell: ({ lastLoad }) => <LastLoad load={lastLoad} /> },
    { name: 'Position', cell: ({ position }) => <code>{position ?? '–'}</code> },
    {
      name: 'Action',
      cell: ({ channel, tenant }) => (
        <Action
          name="Load again"
          label={`Load again: ${channel}`}
          path={`live/${encodeURIComponent(channel)}/invalidate`}
          {...{ tenant, onDone: reload }}
        />
      ),
    },
  ];
  return (
    <>
      <ListCard
        {...{ id: 'resources', title: 'Live resources', problem, unanswered }}
        found={answer === null ? null : resources.length}
        empty="The application has no live resource."
      >
        <ListTable
          {...{ label: 'live resources', rows: resources, columns: RESOURCES }}
          keyOf={({ pattern }) => pattern}
          attributes={({ pattern }) => ({ 'data-resource': pattern })}
        />
        {resources.length > 0 && (
          <p className="faint">
            Durations of the last one to two minutes; other numbers since the instances started. A state that two
            instances keep counts twice.
          </p>
        )}
      </ListCard>
      <ListCard
        {...{ id: 'states', title: 'States', search }}
        found={answer === null ? null : total}
        onSearch={setSearch}
        empty={search === '' ? 'No state has a subscriber or is in memory.' : 'No state matches.'}
      >
        <ListTable
          {...{ label: 'states', rows: channels, columns, keyOf: keyOfChannel }}
          attributes={({ channel }) => ({ 'data-state': channel })}
        />
        {total > channels.length && (
          <p className="faint">The first {countText(channels.length)} by name: search to see others.</p>
        )}
      </ListCard>
    </>
  );
}

function failedOf({ outcomes }: LiveResourceDto): number {
  return outcomes.reduce((sum, { code, count }) => (code === 'loaded' ? sum : sum + count), 0);
}

function Age({ at }: { readonly at: string | null }) {
  return at === null ? '–' : <span title={dateText(at)}>{ageText(at)}</span>;
}

function LastLoad({ load }: { readonly load: LiveChannelDto['lastLoad'] }) {
  if (load === null) return <span className="faint">unknown</span>;
  const { at, durationMs, outcome } = load;
  return (
    <span title={dateText(at)}>
      <span className={outcome === 'loaded' ? undefined : 'bad'}>{outcome}</span> in {msText(durationMs)}, {ageText(at)}
    </span>
  );
}
