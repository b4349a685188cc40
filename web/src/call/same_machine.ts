// Finds out which members sit on this very machine, so that their playback is muted here: two
// open windows with loudspeakers and microphones would howl. Windows of one browser meet on a
// BroadcastChannel; another browser is known by a path that does not leave this machine.

import type { PairInfo, PeerId } from './events.ts';

const kChannel = 'parley-same-machine';

interface Hello {
  self: PeerId;
  room: string;
  reply: boolean;
}

export class SameMachine {
  private readonly channel: BroadcastChannel | null;
  private self: Hello | null = null;

  constructor(private readonly found: (id: PeerId, room: string) => void) {
    this.channel = typeof BroadcastChannel === 'function' ? new BroadcastChannel(kChannel) : null;
    if (this.channel) this.channel.onmessage = ({ data }) => this.heard(data);
  }

  /** This window is a member now. */
  announce(self: PeerId, room: string): void {
    this.self = { self, room, reply: true };
    this.channel?.postMessage(this.self);
  }

  /** Asks who else is here, without being a member. */
  ask(): void {
    this.channel?.postMessage({ self: '', room: '', reply: true });
  }

  forget(): void {
    this.self = null;
  }

  private heard(data: unknown): void {
    const hello = data as Partial<Hello> | null;
    if (!hello || typeof hello.self !== 'string' || typeof hello.room !== 'string') return;
    if (hello.self !== '') this.found(hello.self, hello.room);
    if (hello.reply === true && this.self) this.channel?.postMessage({ ...this.self, reply: false });
  }
}

/**
 * Both ends of a direct path have the same address: only one machine has that. Browsers may hide
 * addresses; then a direct path between two pages opened through a loopback address is enough.
 */
export function isLocalPath(pair: PairInfo, pageOnLoopback: boolean): boolean {
  const { local, remote } = pair;
  const own = (type: string): boolean => type === 'host' || type === 'prflx';
  if (!own(local.type) || !own(remote.type)) return false;
  const hidden = (address: string): boolean => address === '' || /\.local$/i.test(address);
  if (hidden(local.address) || hidden(remote.address)) return pageOnLoopback;
  return local.address === remote.address;
}
