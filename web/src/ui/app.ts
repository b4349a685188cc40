// Mounts the page: folds events into state as they come, and redraws from it.
//
// Redraws are gathered to one a frame. A slow tick runs only while something on the page counts
// seconds. Everything that happens to the call goes through Call; what is only about this page
// (which panel is open, what is typed) lives in Ui.

import type { Call } from '../call/call.ts';
import { makeT, pickLanguage, type Lang, type T } from '../i18n/index.ts';
import { makeActions } from './actions.ts';
import { granted, recall } from './browser.ts';
import { page, screenOf } from './call_view.ts';
import { patch } from './h.ts';
import { listenToKeys } from './keys.ts';
import { LevelMeter } from './level.ts';
import { apply, reduce } from './reduce/reduce.ts';
import type { State } from './reduce/state.ts';
import type { Actions, Ui, View } from './view.ts';
import { keepPlaying } from './widgets.ts';

const kTickMs = 500;
/** These keep showing their newest line, unless the person has scrolled up. */
const kFollow = ['.chat-body', '.call .connect-diagram', '.replay .connect-diagram'];

export function startUi(lang: Lang): Ui {
  return {
    lang, name: '', room: '', roomSource: 'made', panel: null, peer: null, stone: null, wire: false,
    invite: false, qr: false, copied: 'no', draft: '', chatSeen: 0, dismissed: new Set(), replay: null,
    saveAddresses: false, heard: false, dropping: false, showAllPairs: false,
  };
}

export class App {
  state: State;
  ui: Ui;
  private t: T;
  private readonly act: Actions;
  private readonly meter: LevelMeter;
  private drawing = false;
  private ticker: ReturnType<typeof setInterval> | null = null;

  constructor(readonly root: HTMLElement, readonly call: Call) {
    const kept = recall('language');
    const lang = kept === 'en' || kept === 'ko' ? kept : pickLanguage(navigator.languages ?? ['en']);
    this.ui = { ...startUi(lang), name: recall('name') ?? '' };
    this.t = makeT(lang);
    this.state = reduce(call.events);
    this.act = makeActions(this);
    this.meter = new LevelMeter(root, () => {
      if (!this.ui.heard) this.set({ heard: true });
    });
  }

  start(): void {
    this.call.onEvent((event) => {
      apply(this.state, event);
      this.draw();
    });
    this.call.onMedia(() => this.draw());
    listenToKeys(this);
    document.addEventListener('click', () => keepPlaying(this.root));
    this.applyLanguage();
    void this.enter();
  }

  async enter(): Promise<void> {
    this.draw();
    const lobby = await this.call.enterLobby();
    this.set({ room: lobby.room, roomSource: lobby.made ? 'made' : 'link' });
    // Devices that are already allowed open by themselves; otherwise the person is asked first.
    const [camera, microphone] = await Promise.all([granted('camera'), granted('microphone')]);
    if (microphone) void this.call.openMicrophone();
    if (camera) void this.call.openCamera();
  }

  set(change: Partial<Ui>): void {
    this.ui = { ...this.ui, ...change };
    if (change.lang) {
      this.t = makeT(change.lang);
      this.applyLanguage();
    }
    this.draw();
  }

  view(): View {
    return { state: this.state, ui: this.ui, t: this.t, now: this.call.now(), call: this.call, act: this.act };
  }

  /** Draws in the next frame; in a hidden page, where frames stand still, soon after. */
  draw(): void {
    if (this.drawing) return;
    this.drawing = true;
    let done = false;
    const go = (): void => {
      if (done) return;
      done = true;
      this.drawing = false;
      this.drawNow();
    };
    requestAnimationFrame(go);
    setTimeout(go, 120);
  }

  drawNow(): void {
    const view = this.view();
    const before = kFollow.map((selector) => {
      const log = this.root.querySelector(selector);
      return { log, atEnd: !log || log.scrollHeight - log.scrollTop - log.clientHeight < 40 };
    });
    if (this.ui.panel === 'chat') this.seeChat();
    patch(this.root, page(this.view()));
    kFollow.forEach((selector, i) => {
      const after = this.root.querySelector(selector);
      if (after && (before[i]?.atEnd || after !== before[i]?.log)) after.scrollTop = after.scrollHeight;
    });
    const screen = screenOf(view);
    this.meter.listen(screen === 'lobby' ? this.call.media.microphone : null);
    const room = screen === 'call' ? this.state.room : null;
    const title = room ? this.t('app.titleRoom', { room }) : this.t('app.title');
    if (document.title !== title) document.title = title;
    this.tickWhile(this.counting());
  }

  private seeChat(): void {
    const said = this.state.chat.filter((line) => line.kind === 'said' && line.by !== 'you').length
      + [...this.state.files.values()].filter((file) => file.direction === 'receive').length;
    if (said !== this.ui.chatSeen) this.ui = { ...this.ui, chatSeen: said };
  }

  private counting(): boolean {
    return [...this.state.peers.values()].some(
      (peer) => peer.present && (peer.link === 'reconnecting' || peer.link === 'connecting'),
    );
  }

  private tickWhile(on: boolean): void {
    if (on && this.ticker === null) this.ticker = setInterval(() => this.draw(), kTickMs);
    if (!on && this.ticker !== null) {
      clearInterval(this.ticker);
      this.ticker = null;
    }
  }

  private applyLanguage(): void {
    document.documentElement.lang = this.ui.lang;
  }
}

export function mountApp(root: HTMLElement, call: Call): App {
  const app = new App(root, call);
  app.start();
  return app;
}
