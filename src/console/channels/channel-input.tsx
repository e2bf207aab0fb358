import { useId, useMemo, type InputHTMLAttributes } from 'react';
import { useLoaded } from '../api/use-loaded.js';
import { channelsOf } from '../contract/channels-of.js';
import type { ChannelDto } from '../../realtime/http/operator-shapes.js';

interface Contract {
  readonly channels: Readonly<Record<string, { readonly address: string | null }>>;
}

interface ChannelInputProps extends InputHTMLAttributes<HTMLInputElement> {
  readonly label: string;
  /** Suggested before all others. */
  readonly recent: readonly string[];
}

/** Maximum number of suggestions. A browser shows those that match what is typed. */
const MOST = 500;

/** An input for the name of a channel, which suggests recent channels, those with subscribers, and all others. */
export function ChannelInput({ label, recent, ...input }: ChannelInputProps) {
  const list = useId();
  const names = useChannelNames(recent);
  return (
    <label>
      {label}
      <input {...input} list={list} autoComplete="off" spellCheck={false} required pattern="\S+" />
      <datalist id={list}>
        {names.map((name) => (
          <option key={name} value={name} />
        ))}
      </datalist>
    </label>
  );
}

function useChannelNames(recent: readonly string[]): readonly string[] {
  const { answer: used } = useLoaded<{ channels: readonly ChannelDto[] }>('channels?limit=200');
  const { answer: contract } = useLoaded<Contract>('asyncapi.json');
  return useMemo(() => {
    const subscribed = used?.channels.map(({ channel }) => channel) ?? [];
    // A name with a parameter, such as user:{userId}, is not a channel.
    const known = channelsOf(contract?.channels ?? {}).flatMap(([, { address }]) =>
      address.includes('{') ? [] : [address],
    );
    return [...new Set([...recent, ...subscribed, ...known])].slice(0, MOST);
  }, [used, contract, recent]);
}
