import { PAGE } from './page-script.js';
import { POSITIONS, PUBLISH, PUBLISH_PLAIN, READ, type Script } from './scripts.js';

/** The scripts that each connection loads. */
export const SCRIPTS: readonly Script[] = [PUBLISH, PUBLISH_PLAIN, READ, PAGE, POSITIONS];
