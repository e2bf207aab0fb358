import { check } from './check/check.js';
import type { Command } from './command.js';
import { publish } from './publish.js';
import { tail } from './tail.js';
import { whoami } from './whoami.js';

/** The commands that talk to a server. */
export const LIVE_COMMANDS: readonly Command[] = [tail, publish, whoami, check];
