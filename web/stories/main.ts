// The stories page: ?story=NAME&lang=en|ko draws one story; without a name, a list of all.

import { App } from '../src/ui/app.ts';
import { reduce } from '../src/ui/reduce/reduce.ts';
import { fakeCall } from './call.ts';
import { kRoom } from './logs.ts';
import { stories } from './stories.ts';

const query = new URLSearchParams(location.search);
const root = document.getElementById('app') as HTMLElement;
const make = stories[query.get('story') ?? ''];

if (!make) {
  const list = document.createElement('ul');
  for (const name of Object.keys(stories)) {
    const item = document.createElement('li');
    const link = document.createElement('a');
    link.href = `?story=${name}&lang=${query.get('lang') ?? 'en'}`;
    link.textContent = name;
    item.append(link);
    list.append(item);
  }
  root.append(list);
} else {
  const story = make();
  const room = story.room ?? kRoom;
  const call = fakeCall({ ...story, room });
  localStorage.setItem('parley.language', query.get('lang') === 'ko' ? 'ko' : 'en');
  const app = new App(root, call);
  app.ui = { ...app.ui, room, ...story.ui };
  if (story.replayAt !== undefined) {
    app.ui = {
      ...app.ui,
      replay: { events: call.events, at: story.replayAt, playing: false, state: reduce(call.events, story.replayAt) },
    };
  }
  app.start();
  app.ui = { ...app.ui, name: story.ui?.name ?? app.ui.name, roomSource: story.ui?.roomSource ?? app.ui.roomSource };
  Object.defineProperty(window, 'storyNames', { value: Object.keys(stories) });
  setTimeout(() => {
    app.set({ roomSource: story.ui?.roomSource ?? 'made', room: story.ui?.room ?? room });
    document.documentElement.dataset['ready'] = 'true';
  }, 300);
}
