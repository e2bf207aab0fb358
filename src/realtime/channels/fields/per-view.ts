import type { View } from './field-groups.js';

/** Caches a value derived from an event: one per shared view, and one per user who receives more fields. */
export class PerView<Made extends { readonly users: ReadonlySet<string> }> {
  private readonly forAll = new Map<string, Made>();
  /** By the shared part of the view, then by user. */
  private readonly forUsers = new Map<string, Map<string, Made>>();

  constructor(private readonly make: (view: View) => Made) {}

  of(view: View): Made {
    const { shared, userId } = view;
    let made = this.forAll.get(shared);
    if (made === undefined) this.forAll.set(shared, (made = this.make({ shared, userId: null })));
    return userId === null || !made.users.has(userId) ? made : this.ofUser(shared, userId);
  }

  private ofUser(shared: string, userId: string): Made {
    const ofUsers = this.forUsers.get(shared) ?? new Map<string, Made>();
    this.forUsers.set(shared, ofUsers);
    const made = ofUsers.get(userId) ?? this.make({ shared, userId });
    ofUsers.set(userId, made);
    return made;
  }
}
