// 200 MB each way between the native peer and the page, direct and by every relay.
import { after, test } from 'node:test';
import { missing } from '../lib/browsers.mjs';
import { atEnd } from '../lib/cleanup.mjs';
import { nativeToPage, pageToNative } from '../lib/native.mjs';
import { Scenario } from '../lib/scenario.mjs';

after(() => atEnd.run());

const size = 200 * 1024 * 1024 + 17;
const room = '/r/native-big';

for (const kind of ['chromium', 'firefox']) {
  for (const relay of [undefined, 'udp', 'tcp', 'tls']) {
    const by = relay ? `relayed by ${relay.toUpperCase()}` : 'direct';
    test(`200 MB each way between parley and ${kind}, ${by}`, { skip: missing(kind) }, async (t) => {
      const s = await Scenario.start(t, { tls: true });
      const page = await s.open(kind, room, { name: 'Ann' });
      for (const [i, step] of [pageToNative, nativeToPage].entries()) {
        const { speed } = await step(s, page, s.origin + room, { size, relay, nativeFirst: i === 0 });
        t.diagnostic(`${step.name}: ${speed.toFixed(1)} MB/s`);
      }
      await s.assertClean();
    });
  }
}
