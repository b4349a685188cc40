// Finds out which members sit on this very machine, so that their playback is muted here: two
// open windows with loudspeakers and microphones would howl. Windows of one browser meet on a
// BroadcastChannel; another browser is known by a path between two addresses of this machine.

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

/** Both ends of a direct path have the same address: nothing but one machine has that. */
export function isLocalPath(pair: PairInfo): boolean {
  const { local, remote } = pair;
  if (local.type === 'relay' || remote.type === 'relay' || local.type === 'srflx') return false;
  if (!local.address || !remote.address || /\.local$/.test(local.address)) return false;
  // A mapped remote address equal to ours would be a NAT's outside, never a local one.
  return local.address === remote.address && remote.type !== 'srflx';
}
