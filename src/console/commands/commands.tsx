import { useState } from 'react';
import { ERROR_CODES } from '../../protocol/index.js';
import type { CommandDto } from '../../realtime/http/operator-shapes.js';
import { useCommands } from './use-commands.js';

const COLUMNS = ['Running', 'Calls / s', 'p50', 'p99', 'Calls', 'Repeated'] as const;

const MEANINGS: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries(ERROR_CODES).map(([code, { meaning }]) => [code, meaning]),
);

/** Lists the commands of the application with their calls on all instances. */
export function Commands() {
  const { answer, problem } = useCommands();
  const [search, setSearch] = useState('');
  const wanted = search.trim().toLowerCase();
  const shown = answer?.commands.filter(({ command }) => command.toLowerCase().includes(wanted)) ?? [];
  const unanswered = answer?.unanswered ?? [];
  return (
    <section className="card" aria-labelledby="commands-title">
      <header>
        <h2 id="commands-title">Commands</h2>
        <p className="faint" role="status">
          {answer === null ? '' : `${shown.length.toLocaleString('en')} found`}
        </p>
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
      {unanswered.length > 0 && <p className="warning">Not responding: {unanswered.join(', ')}</p>}
      {answer !== null && shown.length === 0 && (
        <p className="empty">{wanted === '' ? 'The application has no command.' : 'No command matches.'}</p>
      )}
      {shown.length > 0 && (
        <>
          <div className="scroll-x" tabIndex={0} role="region" aria-label="Table of commands">
            <table className="cards">
              <thead>
                <tr>
                  <th scope="col">Command</th>
                  {COLUMNS.map((name) => (
                    <th key={name} scope="col" className="number">
                      {name}
                    </th>
                  ))}
                  <th scope="col">Errors by code</th>
                </tr>
              </thead>
              <tbody>
                {shown.map((command) => (
                  <CommandRow key={command.command} command={command} />
                ))}
              </tbody>
            </table>
          </div>
          <p className="faint">
            Rates and durations of the last one to two minutes; numbers since the instances started.
          </p>
        </>
      )}
    </section>
  );
}

function CommandRow({ command }: { readonly command: CommandDto }) {
  const { running, perSecond, durationMs, calls, repeated } = command;
  const cells: Readonly<Record<(typeof COLUMNS)[number], string>> = {
    Running: running.toLocaleString('en'),
    'Calls / s': perSecond.toLocaleString('en'),
    p50: msText(durationMs?.p50),
    p99: msText(durationMs?.p99),
    Calls: calls.toLocaleString('en'),
    Repeated: repeated.toLocaleString('en'),
  };
  const errors = command.outcomes.filter(({ code }) => code !== 'succeeded');
  return (
    <tr data-command={command.command}>
      <th scope="row">
        {command.command} <span className="faint">{kindOf(command)}</span>
      </th>
      {COLUMNS.map((name) => (
        <td key={name} className="number" data-label={name}>
          {cells[name]}
        </td>
      ))}
      <td data-label="Errors by code">
        {errors.length === 0 && <span className="faint">none</span>}
        {errors.map(({ code, count }, index) => (
          <span key={code} title={MEANINGS[code]}>
            {index > 0 && ', '}
            <code className={code === 'internal' ? 'bad' : undefined}>{code}</code> {count.toLocaleString('en')}
          </span>
        ))}
      </td>
    </tr>
  );
}

function kindOf({ once, anonymous }: CommandDto): string {
  return [once ? '' : 'reads', anonymous ? 'anonymous' : ''].filter((word) => word !== '').join(', ');
}

function msText(ms: number | undefined): string {
  if (ms === undefined) return '–';
  return ms < 1_000
    ? `${ms.toLocaleString('en', { maximumSignificantDigits: 3 })} ms`
    : `${(ms / 1_000).toPrecision(3)} s`;
}
