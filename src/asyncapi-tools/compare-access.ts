import { parametersIn } from './addresses.js';
import type { Difference } from './changes.js';
import type { Access } from './contract.js';

/** An access rule of a channel. */
export interface RuleOf {
  readonly address: string;
  readonly access: Access;
}

/** Compares the access rules of a channel. The change is breaking if a client that had access can lose it. */
export function compareAccess(before: RuleOf, after: RuleOf): Difference[] {
  if (ruleOf(before) === ruleOf(after)) return [];
  const isOpen = isAsOpen(before.access, after.access);
  const isDoubt = !isOpen && (isPolicy(before.access) || isPolicy(after.access));
  const doubt = isDoubt ? ' (the document does not contain the decisions of a policy)' : '';
  return [
    {
      breaks: !isOpen,
      text: `is for ${describeAccess(after.access)}, and was for ${describeAccess(before.access)}${doubt}`,
    },
  ];
}

/** Returns true if every client that `before` admits is also admitted by `after`, as far as the documents show. */
function isAsOpen(before: Access, after: Access): boolean {
  if (after === 'public') return true;
  if (isPolicy(before) || isPolicy(after)) return false; // a policy decides for all clients, with a token or without
  if (after === 'authenticated') return before !== 'public';
  if (before === 'admin') return true; // admins can use every channel that is for roles or for an owner
  if (typeof before === 'string' || typeof after === 'string') return false;
  return 'roles' in before && 'roles' in after && before.roles.every((role) => after.roles.includes(role));
}

function isPolicy(access: Access): boolean {
  return typeof access === 'object' && 'policy' in access;
}

/** Returns the same string for equal rules, independent of parameter names and of the order of roles. */
function ruleOf({ access, address }: RuleOf): string {
  if (typeof access === 'string') return access;
  if ('roles' in access) return `roles ${access.roles.toSorted().join(' ')}`;
  return 'owner' in access ? `owner ${parametersIn(address).indexOf(access.owner)}` : `policy ${access.policy}`;
}

function describeAccess(access: Access): string {
  if (access === 'public') return 'everyone';
  if (access === 'authenticated') return 'every client with a token';
  if (access === 'admin') return 'administrators';
  if ('roles' in access) return `the roles ${access.roles.join(', ')}`;
  return 'owner' in access ? `the user whose id is ${access.owner}` : `users that the policy ${access.policy} allows`;
}
