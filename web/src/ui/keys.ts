// Keys of the call (M, V, S, C, P, Escape), and files dropped anywhere on it.

import type { App } from './app.ts';
import { screenOf } from './call_view.ts';

function typing(target: EventTarget | null): boolean {
  return target instanceof HTMLElement &&
    (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
}

export function listenToKeys(app: App): void {
  document.addEventListener('keydown', (event) => {
    const view = app.view();
    if (event.key === 'Escape') {
      if (view.ui.replay) view.act.closeReplay();
      else if (view.ui.invite) view.act.set({ invite: false });
      else if (view.ui.panel) view.act.set({ panel: null });
      return;
    }
    if (screenOf(view) !== 'call' || view.ui.replay || typing(event.target)) return;
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    // The letter that is printed on the key; its place, while Hangul is being typed.
    const letter = /^[a-z]$/i.test(event.key) ? event.key.toLowerCase() : event.code.slice(-1).toLowerCase();
    const act = {
      m: view.act.toggleMic,
      v: view.act.toggleCam,
      s: view.call.canShareScreen ? view.act.toggleShare : undefined,
      c: () => view.act.togglePanel('chat'),
      p: () => view.act.togglePanel('path'),
    }[letter];
    if (!act || (!view.state.secure && 'mvs'.includes(letter))) return;
    event.preventDefault();
    act();
  });

  const carriesFiles = (event: DragEvent): boolean =>
    screenOf(app.view()) === 'call' && (event.dataTransfer?.types.includes('Files') ?? false);
  document.addEventListener('dragover', (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    if (!app.ui.dropping) app.set({ dropping: true, panel: 'chat' });
  });
  document.addEventListener('dragleave', (event) => {
    if (app.ui.dropping && event.relatedTarget === null) app.set({ dropping: false });
  });
  document.addEventListener('drop', (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    app.set({ dropping: false });
    app.view().act.offerFiles([...(event.dataTransfer?.files ?? [])]);
  });
}
