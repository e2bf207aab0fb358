import type { ClusterSeal } from '../../auth/cluster-seal.js';
import { capacityFor, revocationSchema, RevocationsFullError, type Revocation } from '../../auth/revocation.js';
import type { ForeignData } from '../../observability/foreign-data.js';
import { decode, json } from '../../schemas/schema.js';
import type { RevocationStore, StoredRevocation } from './revocation-store.js';

/** A string that was sealed for this purpose is not valid for another one. */
const PURPOSE = 'revocation';

/** The revocations of a store, authenticated with `clusterKeys` if there are any. */
export class SealedRevocations {
  constructor(
    private readonly store: RevocationStore,
    private readonly seal: ClusterSeal,
    private readonly foreign: ForeignData,
  ) {}

  /**
   * @param superseded the revocation that it replaces
   * @throws RevocationsFullError
   * @throws RealtimeUnavailableError
   */
  async add(revocation: Revocation, superseded?: Revocation): Promise<void> {
    const stored = this.write(revocation);
    const before = superseded === undefined ? undefined : this.write(superseded).entry;
    const isStored = await this.store.add(
      stored,
      capacityFor(revocation),
      before === stored.entry ? undefined : before,
    );
    if (!isStored) throw new RevocationsFullError();
  }

  /** Returns the revocations that have not expired; an entry that no instance wrote is skipped. @throws RealtimeUnavailableError */
  async all(): Promise<Revocation[]> {
    const found: Revocation[] = [];
    for (const stored of await this.store.all()) {
      try {
        found.push(this.read(stored));
      } catch (error) {
        this.foreign.skipped('A revocation in the store', error);
      }
    }
    return found;
  }

  /** User ids and session ids are in the entry as JSON, never in a key. */
  private write(revocation: Revocation): StoredRevocation {
    const { until: _until, ...subject } = revocationSchema.write(revocation, 'it') as Record<string, unknown>;
    return { entry: this.seal.seal(PURPOSE, JSON.stringify(subject)), until: revocation.until };
  }

  private read({ entry, until }: StoredRevocation): Revocation {
    const subject = decode(json, this.seal.open(PURPOSE, entry));
    return revocationSchema.read({ ...(subject as object), until: until === Infinity ? 'Infinity' : until }, 'it');
  }
}
