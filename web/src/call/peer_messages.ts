// What peers say over data channels (docs/peer-messages.md): reading and writing of the JSON ones.
// Everything that comes is hostile until it has passed here.

export const kMaxMessageBytes = 32_768;
const kMaxDepth = 16;

export type Json = Record<string, unknown>;
export type PeerMessage = Json & { type: string };

/** null: drop it (section 1). */
export function parsePeerMessage(raw: unknown): PeerMessage | null {
  if (typeof raw !== 'string' || raw.length > kMaxMessageBytes) return null;
  try {
    return asPeerMessage(JSON.parse(raw));
  } catch {
    return null;
  }
}

/** For messages that came inside signalling's `data.events`. */
export function asPeerMessage(value: unknown): PeerMessage | null {
  if (!isObject(value) || value['v'] !== 1 || typeof value['type'] !== 'string') return null;
  return depth(value) <= kMaxDepth ? (value as PeerMessage) : null;
}

export function encode(type: string, fields: Json): string {
  return JSON.stringify({ v: 1, type, ...fields });
}

export function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function isId(value: unknown): value is string {
  return typeof value === 'string' && /^[A-Za-z0-9_-]{1,32}$/.test(value);
}

export function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function depth(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  let deepest = 0;
  for (const inner of Object.values(value)) deepest = Math.max(deepest, depth(inner));
  return deepest + 1;
}

/** 120 random bits in the alphabet of ids. */
export function randomId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(20));
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  return Array.from(bytes, (byte) => alphabet[byte & 63]).join('');
}
