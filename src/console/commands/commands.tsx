import { useState } from 'react';
import { ERROR_CODES } from '../../protocol/index.js';
import type { CommandDto, CommandsDto } from '../../realtime/http/operator-shapes.js';
import { ListCard } from '../lists/list-card.js';
import { ListTable, type Column } from '../lists/list-table.js';
import { countText, msText } from '../lists/texts.js';
import { usePolled } from '../lists/use-polled.js';

const MEANINGS: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries(ERROR_CODES).map(([code, { meaning }]) => [code, meaning]),
);

const COLUMNS: readonly Column<CommandDto>[] = [
  {
    name: 'Command',
    by: ({ command }) => command,
    cell: (row) => (
      <>
        {row.command} <span className="faint">{kindOf(row)}</span>
      </>
    ),
  },
  numberColumn('Running', ({ running }) => running),
  numberColumn('Calls / s', ({ perSecond }) => perSecond),
  numberColumn('p50', ({ durationMs }) => durationMs?.p50, msText),
  numberColumn('p99', ({ durationMs }) => durationMs?.p99, msText),
  numberColumn('Calls', ({ calls }) => calls),
  numberColumn('Repeated', ({ repeated }) => repeated),
  { name: 'Errors by code', cell: ({ outcomes }) => <Errors outcomes={outcomes} /> },
];

/** Lists the commands of the application with their calls on all instances. */
export function Commands() {
  const { answer, problem } = usePolled<CommandsDto>('commands');
  const [search, setSearch] = useState('');
  const wanted = search.trim().toLowerCase();
  const shown = answer?.commands.filter(({ command }) => command.toLowerCase().includes(wanted)) ?? [];
  return (
    <ListCard
      {...{ id: 'commands', title: 'Commands', search, problem, unanswered: answer?.unanswered ?? [] }}
      found={answer === null ? null : shown.length}
      onSearch={setSearch}
      empty={wanted === '' ? 'The application has no command.' : 'No command matches.'}
    >
      <ListTable
        {...{ label: 'commands', rows: shown, columns: COLUMNS }}
        keyOf={({ command }) => command}
        attributes={({ command }) => ({ 'data-command': command })}
      />
      {shown.length > 0 && (
        <p className="faint">
          Rates and durations of the last one to two minutes; numbers since the instances started.
        </p>
      )}
    </ListCard>
  );
}

function numberColumn(
  name: string,
  by: (row: CommandDto) => number | undefined,
  text: (value: number | undefined) => string = (value) => countText(value ?? 0),
): Column<CommandDto> {
  return { name, by, isNumber: true, cell: (row) => text(by(row)) };
}

function Errors({ outcomes }: Pick<CommandDto, 'outcomes'>) {
  const errors = outcomes.filter(({ code }) => code !== 'succeeded');
  if (errors.length === 0) return <span className="faint">none</span>;
  return errors.map(({ code, count }, index) => (
    <span key={code} title={MEANINGS[code]}>
      {index > 0 && ', '}
      <code className={code === 'internal' ? 'bad' : undefined}>{code}</code> {countText(count)}
    </span>
  ));
}

function kindOf({ once, anonymous }: CommandDto): string {
  return [once ? '' : 'reads', anonymous ? 'anonymous' : ''].filter((word) => word !== '').join(', ');
}
