import * as constants from '@nestjs/websockets/constants.js';
import { internalOf } from './internal-of.js';

const FILE = '@nestjs/websockets/constants.js';

/** Metadata key that marks a class as a gateway. */
export const GATEWAY_METADATA = internalOf(constants, 'GATEWAY_METADATA', FILE);

/** Metadata key of a gateway's options, including its path. */
export const GATEWAY_OPTIONS = internalOf(constants, 'GATEWAY_OPTIONS', FILE);

/** Metadata key that marks a method as the handler of a message. */
export const MESSAGE_MAPPING_METADATA = internalOf(constants, 'MESSAGE_MAPPING_METADATA', FILE);

/** Metadata key of the message type of a handler. */
export const MESSAGE_METADATA = internalOf(constants, 'MESSAGE_METADATA', FILE);

/** Metadata key of the decorated parameters of a handler. */
export const PARAM_ARGS_METADATA = internalOf(constants, 'PARAM_ARGS_METADATA', FILE);
