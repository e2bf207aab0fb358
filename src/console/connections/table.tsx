import { useVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useRef } from 'react';
import type { ConnectionDto } from '../../realtime/http/operator-shapes.js';
import { sizeOf } from '../size.js';
import { dateText, timeText } from '../time.js';
import { PHONE, useMedia } from '../use-media.js';
import type { ConnectionQuery } from './use-connections.js';

const COLUMNS = [
  ['userId', 'User'],
  ['address', 'Address'],
  ['connectedAt', 'Connected'],
  [null, 'Instance'],
  ['subscriptions', 'Channels'],
  ['bufferedBytes', 'Buffered'],
] as const;

/** Height of a row; on a phone it has two lines. */
const ROW_PX = 40;
const TALL_ROW_PX = 66;

interface TableProps {
  readonly rows: readonly ConnectionDto[];
  /** Host names by instance. */
  readonly hosts: ReadonlyMap<string, string>;
  readonly total: number;
  readonly query: ConnectionQuery;
  readonly onSort: (column: string) => void;
  readonly onOpen: (id: string) => void;
  /** Called when the last rows come into view. */
  readonly onEnd: () => void;
}

/** A virtual table: only the visible rows are in the DOM. */
export function Table({ rows, hosts, total, query, onSort, onOpen, onEnd }: TableProps) {
  const { sort, order } = query;
  const rowPx = useMedia(PHONE) ? TALL_ROW_PX : ROW_PX;
  const scroll = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroll.current,
    estimateSize: () => rowPx,
    overscan: 10,
  });
  useEffect(() => virtual.measure(), [virtual, rowPx]);
  useEffect(() => {
    scroll.current!.scrollTop = 0; // show new results from the top
  }, [query]);
  const seen = virtual.getVirtualItems();
  const last = seen.at(-1)?.index ?? 0;
  useEffect(() => {
    if (last >= rows.length - 50) onEnd();
  }, [last, rows.length, onEnd]);
  return (
    <div ref={scroll} className="grid-scroll" tabIndex={0} role="region" aria-label="Matching connections">
      <div className="grid" role="table" aria-label="Connections" aria-rowcount={total + 1}>
        <div role="rowgroup" className="grid-head">
          <div role="row" aria-rowindex={1} className="grid-row">
            {COLUMNS.map(([column, title]) =>
              column === null ? (
                <div key={title} role="columnheader" className="unsorted">
                  {title}
                </div>
              ) : (
                <div
                  key={column}
                  role="columnheader"
                  aria-sort={sort !== column ? 'none' : order === 'asc' ? 'ascending' : 'descending'}
                >
                  <button type="button" className="sort" onClick={() => onSort(column)}>
                    {title}
                    <span aria-hidden="true">{sort !== column ? '' : order === 'asc' ? ' ↑' : ' ↓'}</span>
                  </button>
                </div>
              ),
            )}
          </div>
        </div>
        <div role="rowgroup" className="grid-body" style={{ height: virtual.getTotalSize() }}>
          {seen.map(({ index, start }) => (
            <Row
              key={rows[index]!.id}
              row={rows[index]!}
              host={hosts.get(rows[index]!.instanceId) ?? ''}
              {...{ index, start, onOpen }}
            />
          ))}
        </div>
      </div>
    </div>
  );
}

/** Number of characters of an instance id that are shown: several instances can have one host. */
const SHORT_ID = 6;

interface RowProps {
  readonly row: ConnectionDto;
  readonly host: string;
  readonly index: number;
  readonly start: number;
  readonly onOpen: (id: string) => void;
}

function Row({ row, host, index, start, onOpen }: RowProps) {
  const { id, instanceId, userId, guest, role, address, connectedAt, subscriptions, bufferedBytes } = row;
  return (
    <div
      role="row"
      aria-rowindex={index + 2}
      className="grid-row"
      data-connection={id}
      style={{ transform: `translateY(${start}px)` }}
    >
      <div role="cell">
        <button type="button" className="link" onClick={() => onOpen(id)}>
          {userId ?? (guest === undefined ? 'anonymous' : `guest: ${guest}`)}
        </button>
        {role !== null && <span className="faint"> {role}</span>}
      </div>
      <div role="cell">{address}</div>
      <div role="cell" title={dateText(connectedAt)}>
        {timeText(connectedAt)}
      </div>
      <div role="cell" title={instanceId}>
        {host} <span className="faint">{instanceId.slice(0, SHORT_ID)}</span>
      </div>
      <div role="cell" className="number" data-label="channels">
        {subscriptions}
      </div>
      <div role="cell" className="number" data-label="buffered">
        {sizeOf(bufferedBytes)}
      </div>
    </div>
  );
}
