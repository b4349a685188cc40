// A bare client of docs/signalling.md in node, for tests of the server without a browser. It does what
// a client must (acknowledges, counts) unless told not to, and keeps everything it got.
import WebSocket from 'ws';
import { within } from './wait.mjs';

export class SignalClient {
  received = []; // every message since the first socket
  seq = 0; // last number given
  seen = 0; // last server number seen
  #waiters = [];

  /** @param {string} url ws://… @param {object} options of ws; autoAck: false keeps quiet */
  constructor(url, { autoAck = true, ...options } = {}) {
    this.autoAck = autoAck;
    this.socket = new WebSocket(url, { perMessageDeflate: false, ...options });
    this.opened = new Promise((resolve, reject) => {
      this.socket.once('open', resolve);
      this.socket.once('error', reject);
      this.socket.once('unexpected-response', (_, response) => {
        reject(Object.assign(new Error(`HTTP ${response.statusCode}`), { status: response.statusCode }));
        response.resume();
      });
    });
    this.opened.catch(() => {});
    this.closed = new Promise((resolve) => {
      this.socket.once('close', (code, reason) => resolve({ code, reason: reason.toString() }));
    });
    this.socket.on('error', () => {});
    this.socket.on('message', (data) => this.#take(JSON.parse(data.toString())));
  }

  #take(message) {
    this.received.push(message);
    if (message.type === 'welcome') {
      this.welcome = message;
      if (!message.resumed) this.seen = 0;
      if (!message.resumed) this.seq = 0;
    }
    if (message.seq !== undefined) this.seen = Math.max(this.seen, message.seq);
    if (this.autoAck && (message.type === 'welcome' || message.seq !== undefined)) {
      this.send({ type: 'ack', ack: this.seen });
    }
    for (const waiter of [...this.#waiters]) waiter();
  }

  send(message) {
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(message));
  }

  /** Sends with the next number. */
  sequenced(message) {
    this.send({ seq: ++this.seq, ...message });
    return this.seq;
  }

  /** The first message (past or to come) that `match` accepts. */
  expect(what, match, timeout) {
    const hit = new Promise((resolve) => {
      const look = () => {
        const found = this.received.find(match);
        if (!found) return;
        this.#waiters = this.#waiters.filter((waiter) => waiter !== look);
        resolve(found);
      };
      this.#waiters.push(look);
      look();
    });
    return within(`${what} (got ${this.received.map((m) => m.type).join(' ') || 'nothing'})`, hit, timeout);
  }

  type(type, timeout) {
    return this.expect(type, (message) => message.type === type, timeout);
  }

  error(code, timeout) {
    return this.expect(`error ${code}`, (message) => message.type === 'error' && message.code === code, timeout);
  }

  async join(room, name, more = {}) {
    await this.opened;
    this.send({ type: 'join', room, name, ...more });
    const answer = await this.expect('welcome or error',
      (message) => message.type === 'welcome' || message.type === 'error');
    return answer;
  }

  /** Breaks the TCP connection without a close frame. */
  cut() {
    this.socket.terminate();
    return this.closed;
  }

  close() {
    this.socket.close();
    return this.closed;
  }
}
