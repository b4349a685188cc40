// Chat with one member (docs/peer-messages.md section 3): nothing is lost when a connection is
// replaced, nothing is shown twice. Knows texts and a way to send, no channel and no page.

import { encode, isId } from './peer_messages.ts';
import type { PeerMessage } from './peer_messages.ts';

export const kMaxText = 4_000;
const kRemembered = 1_000;
/** Texts waiting for `received`; beyond it the oldest is given up. */
const kMaxPending = 500;

export interface Text {
  id: string;
  at: number; // milliseconds since 1970, the writer's clock
  text: string;
}

export class Chat {
  private send: ((message: string) => void) | null = null;
  private pending: Text[] = [];
  private readonly seen = new Set<string>();

  constructor(private readonly shown: (text: Text) => void) {}

  /** A chat channel is open: says again what was not answered, in the old order. */
  attach(send: (message: string) => void): void {
    this.send = send;
    for (const text of this.pending) send(encode('text', { ...text }));
  }

  detach(): void {
    this.send = null;
  }

  post(text: Text): void {
    this.pending.push(text);
    if (this.pending.length > kMaxPending) this.pending.shift();
    this.send?.(encode('text', { ...text }));
  }

  receive(message: PeerMessage): void {
    const { id } = message;
    if (!isId(id)) return;
    if (message.type === 'received') {
      this.pending = this.pending.filter((text) => text.id !== id);
    } else if (message.type === 'text') {
      const { text, at } = message;
      if (typeof text !== 'string' || typeof at !== 'number') return;
      if (text.length === 0 || [...text].length > kMaxText) return;
      this.send?.(encode('received', { id }));
      if (this.seen.has(id)) return;
      this.remember(id);
      this.shown({ id, at, text: printable(text) });
    }
  }

  private remember(id: string): void {
    this.seen.add(id);
    if (this.seen.size > kRemembered) this.seen.delete(this.seen.values().next().value!);
  }
}

/** Control characters but the line feed become the replacement character. */
export function printable(text: string): string {
  return text.replace(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/g, '\ufffd');
}

/** Cuts to what may be sent, never within a character. */
export function clip(text: string): string {
  const points = [...text];
  return points.length > kMaxText ? points.slice(0, kMaxText).join('') : text;
}
