import { useEffect, useId, useRef, useState } from 'react';
import { useChannelState } from '../../../react/index.js';

interface ChannelsPanelProps {
  /** Channels that the user is authorized for. */
  readonly channels: readonly string[];
  /** Channels that the user has selected. */
  readonly wanted: ReadonlySet<string>;
  readonly onWant: (channels: readonly string[], want: boolean) => void;
}

/** Lists the authorized channels by group, with a switch per group. A group opens to a switch per channel. */
export function ChannelsPanel({ channels, wanted, onWant }: ChannelsPanelProps) {
  return (
    <section className="card channels" aria-labelledby="channels-title">
      <header>
        <h2 id="channels-title">Channels</h2>
      </header>
      {[...Map.groupBy(channels, groupOf)].map(([group, names]) => (
        <ChannelGroup key={group} {...{ group, names, wanted, onWant }} />
      ))}
    </section>
  );
}

interface GroupProps extends Omit<ChannelsPanelProps, 'channels'> {
  readonly group: string;
  readonly names: readonly string[];
}

function ChannelGroup({ group, names, wanted, onWant }: GroupProps) {
  const id = useId();
  const [isOpen, setOpen] = useState(false);
  const [first] = names;
  const switchOf = (name: string) => (
    <ChannelSwitch key={name} name={name} isWanted={wanted.has(name)} onWant={(want) => onWant([name], want)} />
  );
  if (names.length === 1 && first !== undefined) return <div className="group">{switchOf(first)}</div>;
  return (
    <div className="group" role="group" aria-label={group}>
      <div className="group-head">
        <GroupSwitch {...{ group, names, wanted, onWant }} />
        <button
          type="button"
          className="plain small fold"
          aria-expanded={isOpen}
          aria-controls={id}
          onClick={() => setOpen(!isOpen)}
        >
          {isOpen ? 'Hide' : `Show ${names.length}`}
          <span className="unseen"> {group} channels</span>
        </button>
      </div>
      <div id={id} className="group-channels" hidden={!isOpen}>
        {names.map(switchOf)}
      </div>
    </div>
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
    <label className="check channel-switch" data-channel={name} data-state={state}>
      <input type="checkbox" checked={isWanted} onChange={({ target }) => onWant(target.checked)} />
      {name}
    </label>
  );
}

function GroupSwitch({ group, names, wanted, onWant }: GroupProps) {
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
      <span>
        {group}{' '}
        <span className="faint">
          {count}/{names.length}
        </span>
      </span>
    </label>
  );
}

function groupOf(channel: string): string {
  return channel.split(':', 1)[0]!;
}
