import { fieldsOf, notesOf, piecesOf, type Piece, type Schema } from './schema.js';

/** Shows a schema: its fields in a table, or its type in one line. */
export function Fields({ of: schema, label }: { readonly of: Schema; readonly label: string }) {
  const fields = fieldsOf(schema);
  if (fields.length === 0) {
    return (
      <p>
        <Pieces of={piecesOf(schema)} />
        {notesOf(schema).map((note) => (
          <span key={note} className="faint">
            {' '}
            {note}
          </span>
        ))}
      </p>
    );
  }
  const hasNotes = fields.some(({ notes }) => notes.length > 0);
  return (
    <div className="scroll-x" tabIndex={0} role="region" aria-label={`Fields of ${label}`}>
      <table>
        <thead>
          <tr>
            <th scope="col">Field</th>
            <th scope="col">Type</th>
            {hasNotes && <th scope="col">Notes</th>}
          </tr>
        </thead>
        <tbody>
          {fields.map(({ name, pieces, notes }) => (
            <tr key={name}>
              <th scope="row">
                <code>{name}</code>
              </th>
              <td>
                <Pieces of={pieces} />
              </td>
              {hasNotes && <td className="faint notes">{notes.join(', ')}</td>}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Pieces({ of: pieces }: { readonly of: readonly Piece[] }) {
  return (
    <code>
      {pieces.map((piece, index) =>
        typeof piece === 'string' ? (
          piece
        ) : (
          <a key={index} href={`#type-${piece.type}`}>
            {piece.type}
          </a>
        ),
      )}
    </code>
  );
}
