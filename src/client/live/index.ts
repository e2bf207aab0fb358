/** Live resources: states that follow the server. A separate entry point keeps it out of pages that do not use it. */
export { live } from './live.js';
export type { KnownState, LiveData, LiveResource, LiveSnapshot, LiveStatus, StateOf, UnknownState } from './types.js';
export type * from '../../protocol/states.js';
