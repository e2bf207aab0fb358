import * as constants from '@nestjs/common/constants.js';
import * as paramtypes from '@nestjs/common/enums/route-paramtypes.enum.js';
import { internalOf } from './internal-of.js';

const FILE = '@nestjs/common/constants.js';

/** Metadata key of a route's path, set on its handler. */
export const PATH_METADATA = internalOf(constants, 'PATH_METADATA', FILE);

/** Metadata key of a route's parameters, set on its controller and the name of its handler. */
export const ROUTE_ARGS_METADATA = internalOf(constants, 'ROUTE_ARGS_METADATA', FILE);

/** Kinds of route parameters. */
export const RouteParamtypes = internalOf(
  paramtypes,
  'RouteParamtypes',
  '@nestjs/common/enums/route-paramtypes.enum.js',
);
export type RouteParamtypes = paramtypes.RouteParamtypes;
