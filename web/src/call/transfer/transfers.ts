// All files going to and coming from one member: queues what exceeds the channels allowed at once,
// and brings interrupted ones back when the connection does.

import type { Timers } from '../timers.ts';
import { parsePeerMessage } from '../peer_messages.ts';
import { isAllowedName } from './names.ts';
import { Receiver } from './receive.ts';
import { Sender } from './send.ts';
import type { FileSource } from './send.ts';
import type { Sink } from './sinks.ts';
import { encodeReject, kMaxChannels, kProtocol, readOffer } from './wire.ts';
import type { FileChannel, FileEvent, Offer } from './wire.ts';

/** Finished receipts remembered, for a sender that missed our last word. */
const kMaxRemembered = 100;
/** Offers of one member that wait for an answer; beyond it they are refused as busy. */
const kMaxWaitingOffers = kMaxChannels;
/** A channel that closed while the connection lives is tried again after this. */
const kRetryMs = 1_000;
/** A fresh channel on which no offer comes is closed. */
const kOfferMs = 10_000;

export interface TransfersHost {
  readonly timers: Timers;
  readonly peer: string;
  emit(event: FileEvent): void;
  /** null while there is no connection. */
  openChannel(label: string, protocol: string): FileChannel | null;
  chunkBytes(): number;
}

export class Transfers {
  private readonly senders = new Map<string, Sender>();
  private readonly receivers = new Map<string, Receiver>();
  private connected = false;
  private cancelRetry: (() => void) | null = null;

  constructor(private readonly host: TransfersHost) {}

  has(transfer: string): boolean {
    return this.senders.has(transfer) || this.receivers.has(transfer);
  }

  // ---- sending ---------------------------------------------------------------------------------

  send(id: string, file: FileSource): void {
    const sender = new Sender(id, file, {
      timers: this.host.timers,
      emit: (event) => this.emit(event),
      ended: (ended) => {
        this.senders.delete(ended.id);
        this.openSome();
      },
      busy: () => this.retryLater(),
    });
    this.senders.set(id, sender);
    sender.announce();
    this.openSome();
  }

  /** Opens channels for those that have none, oldest first, at most kMaxChannels at once. */
  private openSome(): void {
    if (!this.connected) return;
    let open = [...this.senders.values()].filter((sender) => sender.hasChannel).length;
    for (const sender of this.senders.values()) {
      if (open >= kMaxChannels) return;
      if (sender.hasChannel || sender.isOver) continue;
      const channel = this.host.openChannel(`file/${sender.id}`, kProtocol);
      if (!channel) return;
      sender.attach(channel, this.host.chunkBytes());
      open += 1;
    }
  }

  private retryLater(): void {
    this.cancelRetry ??= this.host.timers.after(kRetryMs, () => {
      this.cancelRetry = null;
      this.openSome();
    });
  }

  // ---- receiving -------------------------------------------------------------------------------

  /** A `file/` channel that the other side opened; its first message is the offer. */
  incoming(channel: FileChannel): void {
    channel.binaryType = 'arraybuffer';
    const cancel = this.host.timers.after(kOfferMs, () => channel.close());
    channel.onmessage = ({ data }) => {
      cancel();
      const message = parsePeerMessage(data);
      const offer = message && readOffer(message);
      if (!offer || channel.label !== `file/${offer.id}`) this.refuse(channel, 'bad-message');
      else this.offered(channel, offer);
    };
    channel.onclose = cancel;
  }

  private offered(channel: FileChannel, offer: Offer): void {
    const key = `${this.host.peer}:${offer.id}`;
    const known = this.receivers.get(key);
    if (known?.matches(offer) && (!known.isOver || known.completed)) {
      known.attach(channel);
      return;
    }
    const all = [...this.receivers.values()];
    const waiting = all.filter((receiver) => receiver.awaitsAnswer).length;
    const open = all.filter((receiver) => receiver.hasChannel && !receiver.isOver).length;
    if (known || !isAllowedName(offer.name)) this.refuse(channel, known ? 'bad-message' : 'bad-name');
    else if (waiting >= kMaxWaitingOffers || open >= kMaxChannels) this.refuse(channel, 'busy');
    else this.take(key, channel, offer);
  }

  private take(key: string, channel: FileChannel, offer: Offer): void {
    this.forgetOld();
    const receiver = new Receiver(key, offer, {
      timers: this.host.timers,
      emit: (event) => this.emit(event),
      ended: () => undefined,
    });
    this.receivers.set(key, receiver);
    receiver.attach(channel);
    receiver.announce();
  }

  private refuse(channel: FileChannel, reason: 'bad-message' | 'bad-name' | 'busy'): void {
    channel.onmessage = null;
    if (channel.readyState === 'open') channel.send(encodeReject(reason));
    // The sender closes after a refusal; one that does not is closed from here.
    channel.onclose = this.host.timers.after(kOfferMs, () => channel.close());
  }

  private forgetOld(): void {
    for (const [key, receiver] of this.receivers) {
      if (this.receivers.size < kMaxRemembered) return;
      if (receiver.isOver) this.receivers.delete(key);
    }
  }

  async accept(transfer: string, open: (offer: Offer) => Promise<Sink | null>): Promise<boolean> {
    const receiver = this.receivers.get(transfer);
    return receiver ? receiver.accept(() => open(receiver.offer)) : false;
  }

  decline(transfer: string): void {
    this.receivers.get(transfer)?.decline();
  }

  cancel(transfer: string): void {
    this.senders.get(transfer)?.cancel();
    this.receivers.get(transfer)?.cancel();
  }

  result(transfer: string): Blob | null {
    return this.receivers.get(transfer)?.result ?? null;
  }

  /** What came whole and is to be downloaded, by transfer; oldest first. */
  results(): Map<string, Blob> {
    const whole = new Map<string, Blob>();
    for (const [transfer, { result }] of this.receivers) if (result) whole.set(transfer, result);
    return whole;
  }

  // ---- the connection --------------------------------------------------------------------------

  connectionUp(): void {
    this.connected = true;
    this.openSome();
  }

  /** The connection was closed or replaced; what was under way waits for the next. */
  connectionGone(): void {
    this.connected = false;
    for (const sender of this.senders.values()) sender.connectionGone();
    for (const receiver of this.receivers.values()) receiver.connectionGone();
  }

  peerLeft(): void {
    this.connected = false;
    this.cancelRetry?.();
    for (const sender of [...this.senders.values()]) sender.peerLeft();
    for (const receiver of this.receivers.values()) receiver.peerLeft();
  }

  private emit(event: FileEvent): void {
    this.host.emit(event);
    // A channel lost under a living connection: offer again.
    if (event.stage === 'paused' && event.direction === 'send' && this.connected) this.retryLater();
  }
}
