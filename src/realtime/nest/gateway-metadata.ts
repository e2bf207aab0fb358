import * as constants from '@nestjs/websockets/constants.js';
import { internalOf } from './internal-of.js';

const FILE = '@nestjs/websockets/constants.js';

/** Metadata key that marks a class as a gateway. */
export const GATEWAY_METADATA = internalOf(constants, 'GATEWAY_METADATA', FILE);

/** Metadata key of a gateway's options, including its path. */
export const GATEWAY_OPTIONS = internalOf(constants, 'GATEWAY_OPTIONS', FILE);
