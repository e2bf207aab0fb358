import * as constants from '@nestjs/common/constants.js';
import * as paramtypes from '@nestjs/common/enums/route-paramtypes.enum.js';
import { internalOf } from './internal-of.js';

const FILE = '@nestjs/common/constants.js';

/** The key of a route's path, on its handler. */
export const PATH_METADATA = internalOf(constants, 'PATH_METADATA', FILE);

/** The key of the parameters of a route, on its controller and its handler's name. */
export const ROUTE_ARGS_METADATA = internalOf(constants, 'ROUTE_ARGS_METADATA', FILE);

/** The kinds of parameters of a route. */
export const RouteParamtypes = internalOf(
  paramtypes,
  'RouteParamtypes',
  '@nestjs/common/enums/route-paramtypes.enum.js',
);
export type RouteParamtypes = paramtypes.RouteParamtypes;
