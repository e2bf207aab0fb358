import type { User } from '../protocol/index.js';

/** A frame whose fields are not checked yet. */
export interface Frame {
  readonly type: string;
  readonly [field: string]: unknown;
}

/** Checked fields of `connected`. */
export interface Connected {
  readonly connectionId: string;
  readonly user: User | null;
  readonly tenant: string | null;
  readonly authorizedChannels: readonly string[];
  readonly expiresAt: string | null;
  readonly heartbeatMs: number;
  readonly features: readonly string[] | null;
  /** Channels to which the token or ticket is limited; `null` without a limit. */
  readonly limitedTo: readonly string[] | null;
  readonly isGuest: boolean;
}

/** @returns `null` if the text is not a frame */
export function frameOf(text: string): Frame | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  const { type } = (value ?? {}) as { readonly type?: unknown };
  return typeof type === 'string' ? (value as Frame) : null;
}

/** @returns `null` if the frame is not a valid `connected` */
export function connectedOf(frame: Frame): Connected | null {
  const { connectionId, user, tenant = null, authorizedChannels, expiresAt = null, heartbeatMs } = frame;
  const isValid =
    frame.type === 'connected' &&
    typeof connectionId === 'string' &&
    (user === null || isUser(user)) &&
    isTextOrNull(tenant) &&
    isTexts(authorizedChannels) &&
    isTextOrNull(expiresAt) &&
    typeof heartbeatMs === 'number';
  if (!isValid) return null;
  const features = isTexts(frame['features']) ? frame['features'] : null;
  const limitedTo = isTexts(frame['limitedTo']) ? frame['limitedTo'] : null;
  const isGuest = frame['guest'] === true;
  return { connectionId, user, tenant, authorizedChannels, expiresAt, heartbeatMs, features, limitedTo, isGuest };
}

/** @returns `null` if the frame is not a valid `error` */
export function refusalOf({ type, code, message }: Frame): { readonly code: string; readonly message: string } | null {
  return type === 'error' && typeof code === 'string' && typeof message === 'string' ? { code, message } : null;
}

/** Returns the timestamp of a frame in milliseconds since 1970; `null` if it has none. */
export function timestampOf({ timestamp }: Frame): number | null {
  const time = typeof timestamp === 'string' ? Date.parse(timestamp) : NaN;
  return Number.isFinite(time) ? time : null;
}

function isUser(value: unknown): value is User {
  const { userId, email, role } = (value ?? {}) as Partial<Record<keyof User, unknown>>;
  return typeof userId === 'string' && isTextOrNull(email) && typeof role === 'string';
}

function isTextOrNull(value: unknown): value is string | null {
  return value === null || typeof value === 'string';
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((one) => typeof one === 'string');
}
