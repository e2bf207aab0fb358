import { useSuspenseQuery } from '@tanstack/react-query';
import { Suspense, useEffect } from 'react';
import { useCommand, useLive, useRealtimeClient, useStream } from '../../../src/react/index.js';
import { liveQuery } from '../../../src/react/query.js';

/** Each text that was rendered, without repetitions. */
export const rendered: string[] = [];

function note(text: string): string {
  if (rendered.at(-1) !== text) rendered.push(text);
  return text;
}

interface Board {
  readonly cards: Readonly<Record<string, string>>;
}

function cardsOf(data: unknown): string {
  return Object.values((data as Board | undefined)?.cards ?? {}).join();
}

interface Props {
  readonly channels?: readonly string[];
  readonly enabled?: boolean;
}

export function BoardView({ channels: [name = 'boards:one'] = [], enabled }: Props) {
  const { data, status, error } = useLive<string>(name, { enabled });
  return <h2>{note(`${name} ${status} ${error?.code ?? ''} ${cardsOf(data)}`)}</h2>;
}

function BoardText({ name }: { readonly name: string }) {
  const { data } = useLive<string>(name);
  return <p className="second">{cardsOf(data)}</p>;
}

function BoardQuery({ name }: { readonly name: string }) {
  const { data } = useSuspenseQuery(liveQuery<string>(useRealtimeClient(), name));
  return <p className="query">{cardsOf(data)}</p>;
}

/** Two components and a query, in one channel. */
export function BoardThrice(props: Props) {
  const [name = 'boards:one'] = props.channels ?? [];
  return (
    <>
      <BoardView {...props} />
      <BoardText name={name} />
      <Suspense fallback={<p className="query">suspended</p>}>
        <BoardQuery name={name} />
      </Suspense>
    </>
  );
}

export function LogView({ channels: [name = 'logs:one'] = [] }: Props) {
  const { text, state, cancel } = useStream(name);
  return (
    <>
      <h2>{note(`${name} ${state} ${text}`)}</h2>
      <LogLength name={name} />
      <button type="button" onClick={() => void cancel()} />
    </>
  );
}

function LogLength({ name }: { readonly name: string }) {
  return <p>{useStream(name).text.length}</p>;
}

export function Names() {
  const client = useRealtimeClient();
  useEffect(() => client.connect(), [client]);
  const { call, state, data, error } = useCommand<string>('names.check');
  return (
    <>
      <h2>
        {note(
          `${state} ${data === undefined ? '' : JSON.stringify(data)} ${(error as { code?: string } | undefined)?.code ?? ''}`,
        )}
      </h2>
      <input onInput={({ currentTarget }) => void call({ name: currentTarget.value })} />
    </>
  );
}
