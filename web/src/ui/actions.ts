// What the buttons do.

import type { App } from './app.ts';
import { copyText, remember, saveBlob } from './browser.ts';
import { playTone } from './level.ts';
import { apply, reduce } from './reduce/reduce.ts';
import type { Actions, Replay } from './view.ts';

/** While replaying, a wait in the call lasts at most this long. */
const kReplayMaxGapMs = 700;
const kReplayMinGapMs = 16;
const kCopiedMs = 2500;

export function makeActions(app: App): Actions {
  const { call } = app;
  let replayTimer: ReturnType<typeof setTimeout> | null = null;

  const stopReplay = (): void => {
    if (replayTimer !== null) clearTimeout(replayTimer);
    replayTimer = null;
  };
  const replayStep = (): void => {
    stopReplay();
    const replay = app.ui.replay;
    if (!replay?.playing) return;
    if (replay.at >= replay.events.length) {
      app.set({ replay: { ...replay, playing: false } });
      return;
    }
    const here = replay.events[replay.at - 1]?.t ?? 0;
    const next = replay.events[replay.at]?.t ?? here;
    const wait = Math.min(kReplayMaxGapMs, Math.max(kReplayMinGapMs, next - here));
    replayTimer = setTimeout(() => {
      const now = app.ui.replay;
      if (!now) return;
      app.set({ replay: moved(now, now.at + 1) });
      replayStep();
    }, wait);
  };

  return {
    set: (change) => app.set(change),
    language(lang) {
      remember('language', lang);
      app.set({ lang });
    },
    newRoomName: () => app.set({ room: call.makeRoomName(), roomSource: 'made', copied: 'no' }),
    join() {
      const name = app.ui.name.trim();
      remember('name', name);
      app.set({ dismissed: new Set(), invite: false, qr: false, copied: 'no', panel: null });
      void call.join(app.ui.room, name || app.view().t('lobby.guest'), call.address.token);
    },
    leave: () => call.leave(),
    again() {
      const { room } = app.state;
      if (room) void call.join(room, app.ui.name.trim() || app.view().t('lobby.guest'), call.address.token);
    },
    toLobby: () => {
      location.assign('/');
    },
    devicesOn() {
      void call.openMicrophone();
      void call.openCamera();
    },
    toggleMic: () => void call.setMuted('microphone', !call.isMuted('microphone')).then(() => app.draw()),
    toggleCam: () => void call.setMuted('camera', !call.isMuted('camera')).then(() => app.draw()),
    pickDevice(which, id) {
      void (which === 'camera' ? call.openCamera(id || null) : call.openMicrophone(id || null));
      app.set({ heard: false });
    },
    retryDevice(source) {
      if (source === 'camera') void call.openCamera();
      else if (source === 'microphone') void call.openMicrophone();
      else void call.shareScreen();
    },
    playSound: playTone,
    toggleShare() {
      if (call.media.screen) call.stopScreen();
      else void call.shareScreen();
    },
    togglePanel(tab) {
      const how = tab !== 'chat';
      const open = app.ui.panel !== null && (app.ui.panel !== 'chat') === how;
      app.set({ panel: open ? null : tab, invite: false });
      if (!open && tab === 'chat') focusSoon(app, '[data-input="chat"]');
    },
    focusTab(tab) {
      app.set({ panel: tab });
      focusSoon(app, `[data-tab="${tab}"]`);
    },
    showPeer: (peer, tab) => app.set({ peer, panel: tab, stone: null }),
    openStone: (step) => app.set({ stone: app.ui.stone === step ? null : step, wire: false }),
    copyLink(link) {
      void copyText(link).then((copied) => {
        app.set({ copied: copied ? 'yes' : 'by-hand' });
        if (copied) setTimeout(() => app.set({ copied: 'no' }), kCopiedMs);
        else app.root.querySelector<HTMLInputElement>('.link-text')?.select();
      });
    },
    sendChat() {
      const said = app.ui.draft.trim();
      if (said === '') return;
      call.sendChat(said);
      app.set({ draft: '' });
    },
    pickFile() {
      const input = document.createElement('input');
      input.type = 'file';
      input.multiple = true;
      input.addEventListener('change', () => {
        for (const file of input.files ?? []) call.offerFile(file);
      });
      input.click();
    },
    offerFiles(files) {
      for (const file of files) call.offerFile(file);
    },
    accept: (transfer, disk) => void call.acceptFile(transfer, disk ? 'disk' : 'auto'),
    download(transfer, name) {
      void call.receivedFile(transfer).then((blob) => {
        if (blob) saveBlob(blob, name);
      });
    },
    saveReport() {
      const report = call.saveReport({ redact: !app.ui.saveAddresses });
      saveBlob(new Blob([report], { type: 'application/json' }), 'parley-report.json');
    },
    openReplay() {
      const events = [...call.events];
      app.set({ replay: { events, at: events.length, playing: false, state: reduce(events) }, stone: null });
      focusSoon(app, '[data-action="replay-play"]');
    },
    replayTo(at) {
      stopReplay();
      const replay = app.ui.replay;
      if (replay) app.set({ replay: { ...moved(replay, at), playing: false } });
    },
    replayPlay(playing) {
      const replay = app.ui.replay;
      if (!replay) return;
      const restart = playing && replay.at >= replay.events.length;
      app.set({ replay: { ...(restart ? moved(replay, 1) : replay), playing } });
      replayStep();
    },
    closeReplay() {
      stopReplay();
      app.set({ replay: null });
      focusSoon(app, '[data-action="replay"]');
    },
    dismiss: (key) => app.set({ dismissed: new Set([...app.ui.dismissed, key]) }),
  };
}

/** Forward by folding on; backward by folding from the start. */
function moved(replay: Replay, to: number): Replay {
  const at = Math.max(1, Math.min(replay.events.length, to));
  if (at < replay.at) return { ...replay, at, state: reduce(replay.events, at) };
  for (let i = replay.at; i < at; i++) {
    const event = replay.events[i];
    if (event) apply(replay.state, event);
  }
  return { ...replay, at };
}

function focusSoon(app: App, selector: string): void {
  app.drawNow();
  app.root.querySelector<HTMLElement>(selector)?.focus({ preventScroll: true });
}
