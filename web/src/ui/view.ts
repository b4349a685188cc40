// What every view is handed: the state folded from events, what the person chose on this page, the
// words, and the actions. Views are functions from this to elements; they keep nothing.

import type { Call } from '../call/call.ts';
import type { CallEvent, PeerId, Source } from '../call/events.ts';
import type { Lang, T } from '../i18n/index.ts';
import type { PeerState, State, StepNumber } from './reduce/state.ts';

export type PanelTab = 'path' | 'steps' | 'numbers' | 'chat';

export interface Replay {
  readonly events: readonly CallEvent[]; // as they were when the replay was opened
  readonly at: number; // how many are folded
  readonly playing: boolean;
  readonly state: State;
}

/** What is chosen or typed on the page and happened to nobody else. */
export interface Ui {
  lang: Lang;
  name: string;
  room: string;
  roomSource: 'made' | 'typed' | 'link';
  panel: PanelTab | null;
  peer: PeerId | null; // whom the panel is about; null: the first
  stone: StepNumber | null; // opened
  wire: boolean;
  invite: boolean;
  qr: boolean;
  copied: 'no' | 'yes' | 'by-hand';
  draft: string;
  chatSeen: number;
  dismissed: ReadonlySet<string>;
  replay: Replay | null;
  saveAddresses: boolean;
  heard: boolean; // the level meter has moved
  dropping: boolean;
  showAllPairs: boolean;
}

export interface Actions {
  set(change: Partial<Ui>): void;
  language(lang: Lang): void;
  newRoomName(): void;
  join(): void;
  leave(): void;
  again(): void;
  toLobby(): void;
  devicesOn(): void;
  toggleMic(): void;
  toggleCam(): void;
  pickDevice(which: 'camera' | 'microphone', id: string): void;
  retryDevice(source: Source): void;
  playSound(): void;
  toggleShare(): void;
  togglePanel(tab: PanelTab): void;
  focusTab(tab: PanelTab): void;
  showPeer(peer: PeerId, tab: PanelTab): void;
  openStone(step: StepNumber): void;
  copyLink(link: string): void;
  sendChat(): void;
  pickFile(): void;
  offerFiles(files: readonly File[]): void;
  accept(transfer: string, disk: boolean): void;
  download(transfer: string, name: string): void;
  saveReport(): void;
  openReplay(): void;
  replayTo(at: number): void;
  replayPlay(playing: boolean): void;
  closeReplay(): void;
  dismiss(key: string): void;
}

export interface View {
  readonly state: State;
  readonly ui: Ui;
  readonly t: T;
  readonly now: number; // on the clock of the events
  readonly call: Call;
  readonly act: Actions;
}

export function presentPeers(state: State): PeerState[] {
  return [...state.peers.values()].filter((peer) => peer.present);
}

/** Whom the ribbon and the panel are about. */
export function focusPeer(view: View): PeerState | null {
  const chosen = view.ui.peer === null ? undefined : view.state.peers.get(view.ui.peer);
  if (chosen?.present) return chosen;
  return presentPeers(view.state)[0] ?? null;
}

export function displayName(view: View, peer: PeerState): string {
  return peer.name || view.t('unnamed');
}
