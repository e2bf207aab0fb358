import { useEffect, useState } from 'react';
import { describeError, useApi } from '../api/api.js';
import { channelsOf, contentOf } from './channels-of.js';
import { Fields } from './fields.js';
import type { Schema } from './schema.js';

/** The parts of the module's AsyncAPI 3 document that the page shows. */
interface Contract {
  readonly info: { readonly title: string; readonly version: string };
  readonly channels: Readonly<Record<string, Channel | { readonly address: null }>>;
  readonly components: {
    readonly messages: Readonly<Record<string, { readonly payload: Schema }>>;
    readonly schemas: Readonly<Record<string, Schema>>;
  };
}

interface Channel {
  readonly address: string;
  readonly description: string;
  /** References to messages, by name. */
  readonly messages: Readonly<Record<string, { readonly $ref: string }>>;
  readonly 'x-realtime': {
    readonly history: { readonly size: number; readonly ttlMs: number } | null;
    readonly presence: boolean;
    readonly presenceState?: boolean;
  };
}

/** Shows the AsyncAPI document: every channel, who can use it, and the data of its events, its state or its stream. */
export function ContractPage() {
  const api = useApi();
  const [contract, setContract] = useState<Contract | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const [search, setSearch] = useState('');

  useEffect(() => {
    const over = new AbortController();
    api.get<Contract>('asyncapi.json', {}, over.signal).then(setContract, (error: unknown) => {
      if (!over.signal.aborted) setProblem(describeError(error));
    });
    return () => over.abort();
  }, [api]);

  if (contract === null) return <div role="alert">{problem !== null && <p className="problem">{problem}</p>}</div>;
  const { info, components } = contract;
  const channels = channelsOf(contract.channels).filter(([, { address }]) => address.includes(search));
  const types = Object.entries(components.schemas);
  return (
    <>
      <section className="card" aria-labelledby="contract-title">
        <header>
          <h2 id="contract-title">
            {info.title} {info.version}
          </h2>
          <p className="faint" role="status">
            {channels.length.toLocaleString('en')} found
          </p>
          <button type="button" className="quiet" onClick={() => download(contract)}>
            Download asyncapi.json
          </button>
        </header>
        <div className="filters">
          <label>
            Search
            <input type="search" value={search} onChange={(event) => setSearch(event.target.value.trim())} />
          </label>
        </div>
      </section>
      <div className="contract">
        {channels.map(([id, channel]) => (
          <ChannelCard key={id} channel={channel} data={contentOf(channel, components.messages)} />
        ))}
        {types.map(([name, schema]) => (
          <section key={name} className="card" id={`type-${name}`} aria-label={`Type ${name}`}>
            <h3>
              Type <code>{name}</code>
            </h3>
            <Fields of={schema} label={name} />
          </section>
        ))}
      </div>
    </>
  );
}

function ChannelCard({ channel, data }: { readonly channel: Channel; readonly data: Schema }) {
  const { address, description, 'x-realtime': features } = channel;
  return (
    <section className="card" aria-label={address} data-contract={address}>
      <h3>
        <code>{address}</code>
      </h3>
      <p>
        {description} {features.history !== null && keptOf(features.history)}{' '}
        {features.presence && 'Presence is available.'} {features.presenceState === true && 'Members can show a state.'}
      </p>
      <Fields of={data} label={address} />
    </section>
  );
}

function keptOf({ size, ttlMs }: { readonly size: number; readonly ttlMs: number }): string {
  const seconds = (ttlMs / 1_000).toLocaleString('en');
  return `The last ${size.toLocaleString('en')} events are kept for ${seconds} s.`;
}

function download(contract: Contract): void {
  const url = URL.createObjectURL(new Blob([JSON.stringify(contract, null, 2)], { type: 'application/json' }));
  Object.assign(document.createElement('a'), { href: url, download: 'asyncapi.json' }).click();
  URL.revokeObjectURL(url);
}
