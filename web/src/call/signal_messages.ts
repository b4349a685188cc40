// The signalling messages of docs/signalling.md as the page reads and writes them. The server is
// trusted no further than its form: what does not fit is dropped here, so that the rest of the
// engine meets only well-formed values.

export interface SignalPeer {
  id: string;
  name: string;
  order: number;
}

export interface Welcome {
  self: string;
  name: string;
  room: string;
  order: number;
  resumed: boolean;
  returned: boolean;
  resume: string;
  resumeWithin: number; // seconds
  proof: string;
  ack: number;
  peers: SignalPeer[];
  locked: boolean;
  rights: string[];
  iceServers: RTCIceServer[];
  pingEvery: number; // seconds
  limits: { messageBytes: number; bufferBytes: number; members: number };
}

/** What two members put into `data` (section 9). Fields are looked at by their reader. */
export interface PairData {
  description?: RTCSessionDescriptionInit;
  candidate?: RTCIceCandidateInit | null;
  session?: string;
  restart?: boolean;
  close?: boolean;
  events?: unknown[];
}

export type ServerMessage =
  | { type: 'welcome'; welcome: Welcome }
  | { type: 'peer-joined'; peer: SignalPeer; returned: boolean }
  | { type: 'peer-left'; id: string; reason: string }
  | { type: 'signal'; from: string; data: PairData }
  | { type: 'lock'; locked: boolean }
  | { type: 'ice-servers'; iceServers: RTCIceServer[]; proof: string | null }
  | { type: 'error'; code: string; message: string; fatal: boolean; retryAfter: number }
  | { type: 'pong' }
  | { type: 'ack' }
  | { type: 'unknown' };

/** Sequence and acknowledgement of any message (section 5). */
export interface Envelope {
  seq: number | null;
  ack: number | null;
  message: ServerMessage;
}

type Json = Record<string, unknown>;

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const text = (value: unknown): string => (typeof value === 'string' ? value : '');
const whole = (value: unknown): number | null =>
  Number.isSafeInteger(value) && (value as number) >= 0 ? (value as number) : null;
const positive = (value: unknown, fallback: number): number => {
  const n = whole(value);
  return n !== null && n > 0 ? n : fallback;
};

/** null: not a message of this protocol at all. */
export function parseServerMessage(raw: unknown): Envelope | null {
  if (typeof raw !== 'string') return null;
  let json: unknown;
  try {
    json = JSON.parse(raw);
  } catch {
    return null;
  }
  if (!isObject(json) || typeof json['type'] !== 'string') return null;
  return {
    seq: whole(json['seq']),
    ack: whole(json['ack']),
    message: parseBody(json) ?? { type: 'unknown' },
  };
}

function parseBody(json: Json): ServerMessage | null {
  switch (json['type']) {
    case 'welcome': {
      const welcome = parseWelcome(json);
      return welcome && { type: 'welcome', welcome };
    }
    case 'peer-joined': {
      const peer = parsePeer(json['peer']);
      return peer && { type: 'peer-joined', peer, returned: json['returned'] === true };
    }
    case 'peer-left':
      return text(json['id'])
        ? { type: 'peer-left', id: text(json['id']), reason: text(json['reason']) || 'left' }
        : null;
    case 'signal':
      return text(json['from']) && isObject(json['data'])
        ? { type: 'signal', from: text(json['from']), data: json['data'] as PairData }
        : null;
    case 'lock':
      return { type: 'lock', locked: json['locked'] === true };
    case 'ice-servers':
      return {
        type: 'ice-servers',
        iceServers: parseIceServers(json['iceServers']),
        proof: text(json['proof']) || null,
      };
    case 'error':
      return {
        type: 'error',
        code: text(json['code']) || 'unknown',
        message: text(json['message']),
        fatal: json['fatal'] === true,
        retryAfter: whole(json['retryAfter']) ?? 0,
      };
    case 'pong':
      return { type: 'pong' };
    case 'ack':
      return { type: 'ack' };
    default:
      return null;
  }
}

function parsePeer(value: unknown): SignalPeer | null {
  if (!isObject(value)) return null;
  const id = text(value['id']);
  return id ? { id, name: text(value['name']), order: whole(value['order']) ?? 0 } : null;
}

export function parseIceServers(value: unknown): RTCIceServer[] {
  if (!Array.isArray(value)) return [];
  const servers: RTCIceServer[] = [];
  for (const entry of value) {
    if (!isObject(entry)) continue;
    const urls = [entry['urls']]
      .flat()
      .filter((url): url is string => typeof url === 'string' && /^(stuns?|turns?):/i.test(url));
    if (urls.length === 0) continue;
    const server: RTCIceServer = { urls };
    if (typeof entry['username'] === 'string') server.username = entry['username'];
    if (typeof entry['credential'] === 'string') server.credential = entry['credential'];
    servers.push(server);
  }
  return servers;
}

function parseWelcome(json: Json): Welcome | null {
  const self = text(json['self']);
  const room = text(json['room']);
  if (!self || !room || !Array.isArray(json['peers'])) return null;
  const limits = isObject(json['limits']) ? json['limits'] : {};
  return {
    self,
    room,
    name: text(json['name']),
    order: whole(json['order']) ?? 0,
    resumed: json['resumed'] === true,
    returned: json['returned'] === true,
    resume: text(json['resume']),
    resumeWithin: positive(json['resumeWithin'], 30),
    proof: text(json['proof']),
    ack: whole(json['ack']) ?? 0,
    peers: json['peers'].map(parsePeer).filter((peer): peer is SignalPeer => peer !== null),
    locked: json['locked'] === true,
    rights: Array.isArray(json['rights']) ? json['rights'].map(text) : [],
    iceServers: parseIceServers(json['iceServers']),
    pingEvery: positive(json['pingEvery'], 25),
    limits: {
      messageBytes: positive(limits['messageBytes'], 65_536),
      bufferBytes: positive(limits['bufferBytes'], 262_144),
      members: positive(limits['members'], 16),
    },
  };
}
