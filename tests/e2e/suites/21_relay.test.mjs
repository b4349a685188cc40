// With every direct way closed (`?ice=relay`), calls go through our TURN server over UDP, TCP and TLS.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { missing } from '../lib/browsers.mjs';
import { call } from '../lib/call_page.mjs';
import { atEnd } from '../lib/cleanup.mjs';
import { Scenario } from '../lib/scenario.mjs';

after(() => atEnd.run());

const matrix = [
  ...['udp', 'tcp', 'tls'].flatMap((way) => [['chromium', way, 'chromium', way], ['firefox', way, 'firefox', way]]),
  ['chromium', 'udp', 'firefox', 'tls'],
  ['firefox', 'udp', 'chromium', 'tls'],
  ['chromium', 'tcp', 'firefox', 'udp'],
  ['firefox', 'tcp', 'chromium', 'tcp'],
];

for (const [first, firstWay, second, secondWay] of matrix) {
  const name = `${second} over ${secondWay} calls ${first} over ${firstWay}, relayed`;
  test(name, { skip: missing(first, second) }, async (t) => {
    const s = await Scenario.start(t, { tls: true });
    const a = await s.open(first, `/r/relayed-room?ice=relay&relay=${firstWay}`, { name: 'Ann' });
    const b = await s.open(second, `/r/relayed-room?ice=relay&relay=${secondWay}`, { name: 'Bo' });
    await call(a, b);
    for (const [page, way] of [[a, firstWay], [b, secondWay]]) {
      const [connection] = await page.framesFlow();
      await page.picturesMove();
      assert.equal(connection.local.type, 'relay');
      if (connection.local.relayProtocol) assert.equal(connection.local.relayProtocol, way);
      const said = await page.event('relay', { used: true });
      assert.equal(said.why, 'forced');
      if (said.protocol) assert.equal(said.protocol, way);
      await page.openTab('steps');
      await page.until('stone 6 done', async () => (await page.stone(6))?.state === 'done');
      assert.deepEqual(await page.failures(), []);
    }
    await s.assertClean();
  });
}
