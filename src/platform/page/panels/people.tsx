import { useNames } from '../api/queries.js';
import { useViewers } from '../api/viewers.js';
import { Avatar } from '../parts/avatar.js';

/** Lists the users who have the page open, including the signed-in user, and what each of them looks at. */
export function PeoplePanel({ userId }: { readonly userId: string }) {
  const viewers = useViewers();
  const nameOf = useNames();
  return (
    <section className="card people" aria-labelledby="people-title">
      <header>
        <h2 id="people-title">Online now</h2>
        <span className="count">{viewers?.length ?? '–'}</span>
      </header>
      <ul>
        {viewers?.map(({ id, looking }) => (
          <li key={id} data-user={id}>
            <Avatar id={id} name={nameOf(id)} />
            <div className="viewer">
              <span className="name">
                {nameOf(id)} {id === userId && <span className="faint">you</span>}
              </span>
              {looking !== null && id !== userId && (
                <span className="faint looking">looks at {looking.app ?? looking.section}</span>
              )}
            </div>
          </li>
        ))}
      </ul>
    </section>
  );
}
