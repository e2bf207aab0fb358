import { useEffect, useRef, useState } from 'react';
import { describeError, useApi } from '../api/api.js';
import type { ConnectionDetailsDto } from '../../realtime/http/operator-shapes.js';
import { sizeOf } from '../size.js';
import { dateText } from '../time.js';

interface DetailsProps {
  readonly id: string;
  /** Host names by instance. */
  readonly hosts: ReadonlyMap<string, string>;
  readonly onClose: () => void;
  readonly onEnded: (id: string) => void;
  /** Checks the access of the connection's user to a channel. */
  readonly onCheck: (connection: ConnectionDetailsDto, channel: string) => void;
}

/** Shows one connection, with a button that closes it. */
export function Details({ id, hosts, onClose, onEnded, onCheck }: DetailsProps) {
  const api = useApi();
  const dialog = useRef<HTMLDialogElement>(null);
  const [details, setDetails] = useState<ConnectionDetailsDto | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const path = `connections/${encodeURIComponent(id)}`;

  useEffect(() => dialog.current!.showModal(), []);
  useEffect(() => {
    const over = new AbortController();
    api.get<ConnectionDetailsDto>(path, {}, over.signal).then(setDetails, (error: unknown) => {
      if (!over.signal.aborted) setProblem(describeError(error));
    });
    return () => over.abort();
  }, [api, path]);

  const end = async (): Promise<void> => {
    try {
      await api.delete(path);
      onEnded(id);
      onClose();
    } catch (error) {
      setProblem(describeError(error));
    }
  };

  return (
    <dialog ref={dialog} aria-labelledby="details-title" onClose={onClose}>
      <h2 id="details-title">
        {details === null
          ? 'Connection'
          : details.userId === null
            ? details.guest === undefined
              ? 'Anonymous connection'
              : `Guest of the share link ${details.guest}`
            : `Connection of ${details.userId}`}
      </h2>
      {problem !== null && (
        <p className="problem" role="alert">
          {problem}
        </p>
      )}
      {details !== null && (
        <dl className="details">
          {entriesOf(details, hosts).map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ))}
        </dl>
      )}
      {details !== null && details.channels.length > 0 && (
        <ul className="channel-list" aria-label="Channels">
          {details.channels.map((channel) => (
            <li key={channel}>
              <code>{channel}</code>
              <button
                type="button"
                className="link"
                aria-label={`Check access to ${channel}`}
                onClick={() => onCheck(details, channel)}
              >
                Check access
              </button>
            </li>
          ))}
        </ul>
      )}
      <div className="actions">
        <button type="button" className="quiet" onClick={onClose}>
          Close
        </button>
        <button
          type="button"
          className="quiet"
          disabled={details === null}
          onClick={() => details !== null && onCheck(details, '')}
        >
          Check another channel
        </button>
        <button type="button" className="danger" disabled={details === null} onClick={() => void end()}>
          Disconnect
        </button>
      </div>
    </dialog>
  );
}

function entriesOf(one: ConnectionDetailsDto, hosts: ReadonlyMap<string, string>): [string, string][] {
  const host = hosts.get(one.instanceId);
  const dateOrDash = (text: string | null): string => (text === null ? '–' : dateText(text));
  return [
    ['ID', one.id],
    ['Role', one.role ?? '–'],
    ...(one.tenant === undefined ? [] : [['Tenant', one.tenant] as [string, string]]),
    ['Instance', host === undefined ? one.instanceId : `${host} (${one.instanceId})`],
    ['Address', one.address],
    ['Transport', one.transport],
    ['Connected', dateOrDash(one.connectedAt)],
    ['Session', one.sessionId ?? '–'],
    [one.guest === undefined ? 'Token expires' : 'Link expires', dateOrDash(one.expiresAt)],
    ['Buffered', sizeOf(one.bufferedBytes)],
    ['User agent', one.userAgent ?? '–'],
    ['Channels', String(one.channels.length)],
    ...(one.limitedTo === undefined
      ? []
      : [['Limited to', one.limitedTo.join(', ') || 'no channel'] as [string, string]]),
  ];
}
