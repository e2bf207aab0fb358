import { useApi } from '../api/api.js';
import { ActionForm, textOf } from '../parts/action.js';
import { Field } from '../parts/field.js';

/** Lets admins send an announcement to everyone. */
export function AnnouncePanel() {
  const api = useApi();
  return (
    <section className="card" aria-labelledby="announce-title">
      <header>
        <h2 id="announce-title">Announcement</h2>
      </header>
      <ActionForm
        id="announcement-form"
        className="stack"
        action={(fields) => api.post('/announcements', { message: textOf(fields, 'message') })}
      >
        <Field
          label="Message to everyone"
          name="message"
          maxLength={1_000}
          autoComplete="off"
          required
          placeholder="Maintenance at 18:00"
        />
        <button type="submit">Announce</button>
      </ActionForm>
    </section>
  );
}
