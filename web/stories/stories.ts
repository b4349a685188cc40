// Every state of the page that is worth a look, by name.

import { cand } from './log.ts';
import {
  chatting, direct, gaveUp, group, joined, kMina, kRoom, lobby, lost, negotiate, noPath, relayed, talking,
} from './logs.ts';
import type { Fake } from './call.ts';
import type { Ui } from '../src/ui/view.ts';

export interface Story extends Omit<Fake, 'room'> {
  ui?: Partial<Ui>;
  replayAt?: number;
  room?: string;
  focus?: string; // scrolled into view
}

const mina = [{ id: kMina, name: 'Mina' }];
const call = (seconds = 42): Story['events'] => talking(direct(), seconds).events;

export const stories: Record<string, () => Story> = {
  lobby: () => ({ events: lobby().events, ui: { name: 'Ada', heard: true } }),
  'lobby-first': () => ({ events: lobby({ media: false, stun: 'asking' }).events, camera: false, microphone: false }),
  'lobby-loopback': () => ({ events: lobby({ loopback: true }).events, loopback: true, ui: { name: 'Ada', qr: true } }),
  'lobby-invited': () => ({ events: lobby({ stun: 'symmetric' }).events, invited: true, ui: { roomSource: 'link' } }),
  'lobby-no-stun': () => ({ events: lobby({ stun: 'none' }).events, ui: { name: 'Ada' } }),
  'lobby-typed': () => ({ events: lobby().events, ui: { name: 'Ada', room: 'standup', roomSource: 'typed' } }),
  'lobby-no-camera': () => ({
    events: lobby({ media: false }).add('media-asked', { source: 'camera' })
      .add('failure', { cause: 'no-camera', evidence: { code: 'NotFoundError', text: 'Requested device not found', source: 'camera' } }).events,
    camera: false,
  }),
  'lobby-refused': () => ({
    events: lobby({ media: false })
      .add('failure', { cause: 'permission-refused', evidence: { code: 'NotAllowedError', text: 'Permission denied', source: 'camera' } }).events,
    camera: false, microphone: false,
  }),
  'lobby-insecure': () => {
    const log = lobby({ media: false, stun: 'near' });
    const first = log.events[0];
    if (first?.kind === 'log-start') first.secure = false;
    return { events: log.events, camera: false, microphone: false };
  },
  'room-full': () => ({ events: lobby().add('failure', { cause: 'room-full', evidence: { code: 'room-full', text: 'This room holds 16.' } }).events, ui: { room: kRoom } }),
  'room-locked': () => ({ events: lobby().add('failure', { cause: 'room-locked', evidence: { code: 'room-locked', text: 'The room is locked.' } }).events }),
  'server-gone': () => ({ events: lobby().add('failure', { cause: 'server-gone', evidence: { attempts: 4 } }).events }),
  waiting: () => ({ events: joined(lobby(), []).events }),
  connecting: () => ({ events: negotiate(joined(lobby(), mina)).events }),
  'connecting-stone': () => ({ events: negotiate(joined(lobby(), mina)).events, ui: { stone: 2, wire: true } }),
  call: () => ({ events: call() }),
  'call-relayed': () => ({ events: talking(relayed('tls'), 30, { rttMs: 43 }).events, ui: { panel: 'path' } }),
  'call-path': () => ({ events: call(), ui: { panel: 'path' } }),
  'call-path-tcp': () => ({ events: talking(relayed('tcp'), 8).events, ui: { panel: 'path' } }),
  'call-steps': () => ({ events: call(), ui: { panel: 'steps' } }),
  'call-numbers': () => ({ events: talking(direct(), 110).events, ui: { panel: 'numbers' } }),
  'call-chat': () => ({ events: chatting(talking(direct(), 12)).events, ui: { panel: 'chat', draft: 'Here they are' } }),
  'call-chat-empty': () => ({ events: call(), ui: { panel: 'chat' } }),
  'call-no-camera': () => ({ events: talking(direct(), 9).told(kMina, 0, 'their-media', { source: 'camera', on: false }).events, camera: false, muted: true }),
  'call-invite': () => ({ events: call(), ui: { invite: true, qr: true } }),
  'call-screen': () => ({ events: call(), sharing: kMina }),
  'call-same-machine': () => ({ events: talking(direct(), 4).add('playback', { muted: true, why: 'same-machine' }, kMina).events }),
  reconnecting: () => ({ events: lost(talking(direct(), 30), 3).events, extra: 3000, ui: { panel: 'path' } }),
  'server-lost': () => ({ events: talking(direct(), 8).add('signal-closed', { code: 1006, reason: '', retryInMs: 1000 }).events }),
  'no-path': () => ({ events: noPath('credentials').events }),
  'no-path-blocked': () => ({ events: noPath('none').events, ui: { panel: null } }),
  'connection-lost': () => ({ events: gaveUp(talking(direct(), 30)).events }),
  group: () => ({ events: group(5).events }),
  'group-panel': () => ({ events: group(3).events, ui: { panel: 'path', peer: 'x1' } }),
  'group-3': () => ({ events: group(2).events }),
  'group-16': () => ({ events: group(15).events }),
  replay: () => ({ events: relayed('udp').events, replayAt: 36 }),
  ended: () => ({ events: talking(direct(), 187).add('left', {}).events }),
  'late-candidate': () => ({ events: negotiate(joined(lobby(), mina)).add('candidate', { stage: 'received', candidate: cand.end() }, kMina).events, ui: { stone: 4 } }),
};
