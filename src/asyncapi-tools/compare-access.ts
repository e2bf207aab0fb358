import { parametersIn } from './addresses.js';
import type { Difference } from './changes.js';
import type { Access, ContractChannel } from './contract.js';

/** Who may use a channel: breaking where somebody who might has to stay outside now. */
export function compareAccess(before: ContractChannel, after: ContractChannel): Difference[] {
  if (ruleOf(before) === ruleOf(after)) return [];
  const isOpen = isAsOpen(before.access, after.access);
  const isDoubt = !isOpen && (isPolicy(before.access) || isPolicy(after.access));
  const doubt = isDoubt ? ' (what a policy answers is in no document)' : '';
  return [
    {
      breaks: !isOpen,
      text: `is for ${describeAccess(after.access)}, and was for ${describeAccess(before.access)}${doubt}`,
    },
  ];
}

/** Whether everybody whom the rule before lets in is let in by the rule after it, as far as a document can tell. */
function isAsOpen(before: Access, after: Access): boolean {
  if (after === 'public') return true;
  if (isPolicy(before) || isPolicy(after)) return false; // a policy decides for everybody, with a token or not
  if (after === 'authenticated') return before !== 'public';
  if (before === 'admin') return true; // administrators may use what is for roles, or for an owner
  if (typeof before === 'string' || typeof after === 'string') return false;
  return 'roles' in before && 'roles' in after && before.roles.every((role) => after.roles.includes(role));
}

function isPolicy(access: Access): boolean {
  return typeof access === 'object' && 'policy' in access;
}

/** The same text for the same rule, however a parameter is called, and in whatever order roles stand. */
function ruleOf({ access, address }: ContractChannel): string {
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
