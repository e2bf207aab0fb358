import { useEffect, useRef } from 'react';
import { useChannelState } from '../../../react/index.js';

interface ChannelsPanelProps {
  /** Channels that the user is authorized for. */
  readonly channels: readonly string[];
  /** Channels that the user has selected. */
  readonly wanted: ReadonlySet<string>;
  readonly onWant: (channels: readonly string[], want: boolean) => void;
}

/** Lists the authorized channels by group, with a switch per channel and per group. */
export function ChannelsPanel({ channels, wanted, onWant }: ChannelsPanelProps) {
  return (
    <section className="card channels" aria-labelledby="channels-title">
      <header>
        <h2 id="channels-title">Channels</h2>
      </header>
      {[...Map.groupBy(channels, groupOf)].map(([group, names]) => (
        <fieldset key={group}>
          <legend>{group}</legend>
          {names.length > 1 && <GroupSwitch group={group} names={names} wanted={wanted} onWant={onWant} />}
          {names.map((name) => (
            <ChannelSwitch key={name} name={name} isWanted={wanted.has(name)} onWant={(want) => onWant([name], want)} />
          ))}
        </fieldset>
      ))}
    </section>
  );
}

interface ChannelSwitchProps {
  readonly name: string;
  readonly isWanted: boolean;
  readonly onWant: (want: boolean) => void;
}

function ChannelSwitch({ name, isWanted, onWant }: ChannelSwitchProps) {
  const { state } = useChannelState(name);
  return (
    <label className="check channel-switch" data-state={state}>
      <input type="checkbox" checked={isWanted} onChange={({ target }) => onWant(target.checked)} />
      {name}
    </label>
  );
}

interface GroupSwitchProps extends Omit<ChannelsPanelProps, 'channels'> {
  readonly group: string;
  readonly names: readonly string[];
}

function GroupSwitch({ group, names, wanted, onWant }: GroupSwitchProps) {
  const box = useRef<HTMLInputElement>(null);
  const count = names.filter((name) => wanted.has(name)).length;
  const isSome = count > 0 && count < names.length;
  useEffect(() => {
    box.current!.indeterminate = isSome;
  }, [isSome]);
  return (
    <label className="check all">
      <input
        ref={box}
        type="checkbox"
        checked={count === names.length}
        onChange={() => onWant(names, count < names.length)}
      />
      All {group} channels
    </label>
  );
}

function groupOf(channel: string): string {
  return channel.split(':', 1)[0]!;
}
