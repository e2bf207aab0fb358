import type { ReactNode } from 'react';

interface ListCardProps {
  /** Prefix of ids in the page. */
  readonly id: string;
  readonly title: string;
  /** Number of rows; `null` while they are loaded for the first time. */
  readonly found: number | null;
  /** Absent for a list without a search. */
  readonly search?: string;
  readonly onSearch?: (search: string) => void;
  readonly problem?: string | null;
  readonly unanswered?: readonly string[];
  /** Sentence for an empty list. */
  readonly empty: string;
  /** Buttons beside the title. */
  readonly actions?: ReactNode;
  readonly children: ReactNode;
}

/** A list with its title, search, problems and empty state. */
export function ListCard(props: ListCardProps) {
  const { id, title, found, search, onSearch, problem = null, unanswered = [], empty, actions, children } = props;
  return (
    <section className="card" aria-labelledby={`${id}-title`}>
      <header>
        <h2 id={`${id}-title`}>{title}</h2>
        <p className="faint" role="status">
          {found === null ? '' : `${found.toLocaleString('en')} found`}
        </p>
        {actions}
      </header>
      {onSearch !== undefined && (
        <div className="filters">
          <label>
            Search
            <input type="search" value={search} onChange={(event) => onSearch(event.target.value)} />
          </label>
        </div>
      )}
      {problem !== null && (
        <p className="problem" role="alert">
          {problem}
        </p>
      )}
      {unanswered.length > 0 && <p className="warning">Not responding: {unanswered.join(', ')}</p>}
      {found === 0 && <p className="empty">{empty}</p>}
      {children}
    </section>
  );
}
