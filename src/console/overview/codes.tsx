import { CLOSE_CODES, ERROR_CODES } from '../../protocol/index.js';
import type { InstanceDto } from '../../realtime/http/operator-shapes.js';

type CodeCount = InstanceDto['errorFrames'][number];

/** Codes that clients and networks cause. The server closes with the others. */
const OTHER_CLOSES: Readonly<Record<string, string>> = {
  1000: 'the client closed it',
  1005: 'the client closed it without a code',
  1006: 'the network connection was lost',
  other: 'another code of the client',
};

const CLOSES: Readonly<Record<string, string>> = {
  ...OTHER_CLOSES,
  ...Object.fromEntries(Object.values(CLOSE_CODES).map(({ code, reason }) => [code, reason])),
};

const ERRORS: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries(ERROR_CODES).map(([code, { meaning }]) => [code, meaning]),
);

/** Shows why connections ended, and which errors clients received, since the instances started. */
export function Codes({ instances }: { readonly instances: readonly InstanceDto[] }) {
  const slow = instances.reduce((sum, one) => sum + one.slowConsumersClosed, 0);
  return (
    <div className="charts">
      <CodeTable
        title="Closed connections"
        counts={totalOf(instances.flatMap((one) => one.closedConnections))}
        meanings={CLOSES}
        note={`${slow.toLocaleString('en')} slow ${slow === 1 ? 'consumer' : 'consumers'} closed`}
        isBad={slow > 0}
      />
      <CodeTable
        title="Errors sent to clients"
        counts={totalOf(instances.flatMap((one) => one.errorFrames))}
        meanings={ERRORS}
      />
    </div>
  );
}

interface CodeTableProps {
  readonly title: string;
  readonly counts: readonly CodeCount[];
  readonly meanings: Readonly<Record<string, string>>;
  readonly note?: string;
  readonly isBad?: boolean;
}

function CodeTable({ title, counts, meanings, note, isBad = false }: CodeTableProps) {
  return (
    <section className="card" aria-label={title}>
      <header>
        <h2>{title}</h2>
        {note !== undefined && (
          <p className={isBad ? 'bad' : 'faint'} data-metric="slow">
            {note}
          </p>
        )}
      </header>
      {counts.length === 0 ? (
        <p className="empty">None since the instances started.</p>
      ) : (
        <table className="codes">
          <thead>
            <tr>
              <th scope="col">Code</th>
              <th scope="col">Meaning</th>
              <th scope="col" className="number">
                Number
              </th>
            </tr>
          </thead>
          <tbody>
            {counts.map(({ code, count }) => (
              <tr key={code} data-code={code}>
                <th scope="row">
                  <code>{code}</code>
                </th>
                <td>{meanings[code] ?? '–'}</td>
                <td className="number">{count.toLocaleString('en')}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}

/** Adds up the counters of all instances, the highest first. */
function totalOf(counts: readonly CodeCount[]): CodeCount[] {
  const totals = new Map<string, number>();
  for (const { code, count } of counts) totals.set(code, (totals.get(code) ?? 0) + count);
  return [...totals].map(([code, count]) => ({ code, count })).toSorted((a, b) => b.count - a.count);
}
