/** The name of a channel, with its tenant. */
export function NamedChannel({ channel, tenant }: { readonly channel: string; readonly tenant?: string | undefined }) {
  return (
    <>
      {channel}
      {tenant !== undefined && <span className="faint"> (tenant {tenant})</span>}
    </>
  );
}

/** Key of a channel in a list. */
export function keyOfChannel({ channel, tenant }: { readonly channel: string; readonly tenant?: string }): string {
  return `${tenant ?? ''} ${channel}`;
}
