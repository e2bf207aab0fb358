import { useNames } from '../api/queries.js';
import { usePresence } from '../../../react/index.js';
import { Avatar } from '../parts/avatar.js';

/** Lists the users who have the page open, including the signed-in user. */
export function PeoplePanel({ userId }: { readonly userId: string }) {
  const presence = usePresence('users:online');
  const nameOf = useNames();
  return (
    <section className="card people" aria-labelledby="people-title">
      <header>
        <h2 id="people-title">Online now</h2>
        <span className="count">{presence?.members.length ?? '–'}</span>
      </header>
      <ul>
        {presence?.members.map(({ userId: id }) => (
          <li key={id} data-user={id}>
            <Avatar id={id} name={nameOf(id)} />
            <span className="name">{nameOf(id)}</span>
            {id === userId && <span className="faint">you</span>}
          </li>
        ))}
      </ul>
    </section>
  );
}
