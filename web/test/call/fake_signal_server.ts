// The server's side of docs/signalling.md sections 5 to 7, as far as one client can tell: numbers,
// keeps, resumes, and forgets all but proofs at a restart. Sockets break with what is on them.

import type { SocketLike } from '../../src/call/signal_client.ts';
import type { VirtualTime } from './virtual_time.ts';

type Json = Record<string, unknown>;

interface Place {
  id: string;
  name: string;
  order: number;
  resume: string;
  resumeBefore: string; // works until the client is heard after the welcome
  sent: number;
  kept: { seq: number; message: Json }[];
  received: number;
  socket: ServerSocket | null;
}

export class ServerSocket implements SocketLike {
  onopen: SocketLike['onopen'] = null;
  onmessage: SocketLike['onmessage'] = null;
  onclose: SocketLike['onclose'] = null;
  alive = true;
  place: Place | null = null;
  heard = 0;

  constructor(private readonly server: FakeSignalServer) {}

  send(text: string): void {
    if (!this.alive) return;
    this.server.later(() => this.alive && this.server.receive(this, JSON.parse(text) as Json));
  }

  deliver(message: Json): void {
    const text = JSON.stringify(message);
    this.server.later(() => this.alive && this.onmessage?.({ data: text }));
  }

  /** What is on the way in either direction is lost. */
  break(code = 1006, reason = ''): void {
    if (!this.alive) return;
    this.alive = false;
    if (this.place?.socket === this) this.place.socket = null;
    this.onclose?.({ code, reason });
  }

  /** Nothing comes or goes any more, and nobody is told: a half-open connection. */
  freeze(): void {
    this.alive = false;
    if (this.place?.socket === this) this.place.socket = null;
  }

  close(): void {
    this.alive = false;
  }
}

export class FakeSignalServer {
  readonly places = new Map<string, Place>();
  readonly sockets: ServerSocket[] = [];
  readonly log: Json[] = []; // every message that reached the server, in order
  refuseWith: { code: string; close: number } | null = null;
  refuseConnections = false;
  limits = { messageBytes: 65_536, bufferBytes: 262_144, members: 16 };
  acknowledges = true;
  private orders = 0;
  private keys = 0;
  private run = 1;

  constructor(readonly time: VirtualTime, private readonly random: () => number = () => 0.5) {}

  /** Each socket keeps its order; time passes on the way. */
  private lastDelivery = 0;
  later(action: () => void): void {
    const at = Math.max(this.lastDelivery, this.time.now() + 1 + this.random() * 20);
    this.lastDelivery = at;
    this.time.after(at - this.time.now(), action);
  }

  open(): ServerSocket {
    const socket = new ServerSocket(this);
    this.sockets.push(socket);
    this.later(() => {
      if (!socket.alive) return;
      if (this.refuseConnections) socket.break(1006);
      else socket.onopen?.(undefined as never);
    });
    return socket;
  }

  get current(): ServerSocket | undefined {
    return this.sockets.filter((socket) => socket.alive).at(-1);
  }

  /** All members and keys are lost, proofs hold; sockets are told and closed. */
  restart(): void {
    this.run += 1;
    this.places.clear();
    this.orders = 0;
    for (const socket of this.sockets) socket.break(1001);
  }

  receive(socket: ServerSocket, message: Json): void {
    this.log.push(message);
    if (message['type'] === 'join') this.join(socket, message);
    const place = socket.place;
    if (!place || message['type'] === 'join') return;
    place.resumeBefore = '-';
    if (typeof message['ack'] === 'number') {
      place.kept = place.kept.filter(({ seq }) => seq > (message['ack'] as number));
    }
    if (message['type'] === 'ping') socket.deliver({ type: 'pong' });
    if (message['type'] === 'signal' || message['type'] === 'lock') this.sequenced(socket, place, message);
  }

  private sequenced(socket: ServerSocket, place: Place, message: Json): void {
    const seq = message['seq'] as number;
    if (seq <= place.received) return;
    if (seq !== place.received + 1) throw new Error(`bad sequence: ${seq} after ${place.received}`);
    place.received = seq;
    if (this.acknowledges) socket.deliver({ type: 'ack', ack: seq });
    const to = this.places.get(String(message['to']));
    if (to) this.push(to, { type: 'signal', from: place.id, data: message['data'] });
  }

  push(place: Place, message: Json): void {
    place.sent += 1;
    place.kept.push({ seq: place.sent, message });
    place.socket?.deliver({ ...message, seq: place.sent, ack: place.received });
  }

  private join(socket: ServerSocket, message: Json): void {
    if (this.refuseWith) {
      const { code, close } = this.refuseWith;
      socket.deliver({ type: 'error', code, message: code, fatal: true });
      this.later(() => socket.break(close));
      return;
    }
    const resumed = [...this.places.values()].find((place) => [place.resume, place.resumeBefore].includes(String(message['resume'] ?? '?')));
    if (resumed) {
      this.welcome(socket, resumed, message, true, false);
      return;
    }
    const proof = /^(\d+) (.*)$/.exec(String(message['proof'] ?? ''));
    if (message['resume'] !== undefined) {
      if (proof && Number(proof[1]) < this.run) this.fresh(socket, message, proof[2]!);
      else socket.deliver({ type: 'error', code: 'resume-failed', message: '', fatal: false });
      return;
    }
    this.fresh(socket, message, null);
  }

  private fresh(socket: ServerSocket, message: Json, id: string | null): void {
    this.orders += 1;
    const place: Place = {
      id: id ?? `member-${this.run}-${this.orders}`,
      name: String(message['name']),
      order: this.orders,
      resume: '',
      resumeBefore: '',
      sent: 0,
      kept: [],
      received: 0,
      socket: null,
    };
    for (const other of this.places.values()) {
      this.push(other, { type: 'peer-joined', peer: { id: place.id, name: place.name, order: place.order }, returned: id !== null });
    }
    this.places.set(place.id, place);
    this.welcome(socket, place, message, false, id !== null);
  }

  private welcome(socket: ServerSocket, place: Place, message: Json, resumed: boolean, returned: boolean): void {
    place.socket = socket;
    socket.place = place;
    this.keys += 1;
    place.resumeBefore = place.resume || '-';
    place.resume = `key-${this.keys}`;
    if (resumed) place.kept = place.kept.filter(({ seq }) => seq > ((message['ack'] as number) ?? 0));
    socket.deliver({
      type: 'welcome', protocol: 1, self: place.id, name: place.name, room: 'r', order: place.order,
      resumed, returned, resume: place.resume, resumeWithin: 30, proof: `${this.run} ${place.id}`,
      ack: resumed ? place.received : 0,
      peers: [...this.places.values()].filter((other) => other !== place).map(({ id, name, order }) => ({ id, name, order })),
      locked: false, rights: [], iceServers: [], iceTtl: 0, pingEvery: 25, time: 0, limits: this.limits,
    });
    if (resumed) for (const { seq, message: kept } of place.kept) socket.deliver({ ...kept, seq, ack: place.received });
  }
}
