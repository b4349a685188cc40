// Sockets break, servers restart, networks change: the call goes on.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { missing } from '../lib/browsers.mjs';
import { call } from '../lib/call_page.mjs';
import { atEnd } from '../lib/cleanup.mjs';
import { Scenario } from '../lib/scenario.mjs';
import { usual } from '../lib/wait.mjs';

after(() => atEnd.run());

const pairs = [['chromium', 'chromium'], ['firefox', 'firefox'], ['chromium', 'firefox']];

async function connected(s, first, second, path) {
  const a = await s.open(first, path, { name: 'Ann' });
  const b = await s.open(second, path, { name: 'Bo' });
  await call(a, b);
  await a.framesFlow();
  await b.framesFlow();
  return [a, b];
}

/** What must not change while signalling comes and goes. */
async function identity(page) {
  const [connection] = (await page.connections()).filter((c) => c.state === 'connected');
  return { made: connection.made, offers: connection.offers, answers: connection.answers, ufrag: connection.ufrag,
    self: await page.evaluate(() => window.parley.self.id) };
}

const welcomes = async (page) => (await page.events('welcome')).length;

for (const [first, second] of pairs) {
  test(`a killed socket resumes and nothing is lost: ${first}, ${second}`, { skip: missing(first, second) }, async (t) => {
    const s = await Scenario.start(t, { proxy: true });
    const [a, b] = await connected(s, first, second, '/r/killed-socket');
    const before = [await identity(a), await identity(b)];
    const count = [await welcomes(a), await welcomes(b)];
    assert.ok(s.proxy.cut() >= 2);
    for (const [i, page] of [a, b].entries()) {
      await page.until('the resumed welcome', async () => (await page.events('welcome')).slice(count[i]).some((w) => w.resumed));
      await page.framesFlow();
    }
    assert.deepEqual([await identity(a), await identity(b)], before);
    // What is said while the socket is down arrives after: an ICE restart needs both ways.
    s.proxy.mode = 'refuse';
    s.proxy.cut();
    await b.event('signal-closed');
    await b.changeNetwork();
    s.proxy.mode = 'pass';
    await b.until('new ICE credentials', async () => {
      const [connection] = await b.connections();
      return connection.ufrag !== before[1].ufrag && connection.state === 'connected';
    });
    await a.framesFlow();
    await b.framesFlow();
    for (const page of [a, b]) {
      assert.equal((await page.events('peer-left')).length, 0, 'nobody saw a peer leave for a blip');
      assert.deepEqual(await page.failures(), []);
    }
  });

  // What the server says when it goes makes no difference to a call: both ways once, for the mixed pair.
  for (const signal of first === second ? ['SIGKILL'] : ['SIGTERM', 'SIGKILL']) {
    test(`the server restarted by ${signal} under a call of ${first} and ${second}`, { skip: missing(first, second) }, async (t) => {
      const s = await Scenario.start(t, { fixedPorts: true });
      const [a, b] = await connected(s, first, second, '/r/server-restarts');
      const before = [await identity(a), await identity(b)];
      const count = [await welcomes(a), await welcomes(b)];
      await s.server.stop(signal);
      await a.event('signal-closed');
      await a.framesFlow(); // nobody is there, and media flows
      await s.server.launchAgain();
      for (const [i, page] of [a, b].entries()) {
        await page.until('a welcome of the new server', async () => await welcomes(page) > count[i]);
        await page.framesFlow();
      }
      assert.deepEqual([await identity(a), await identity(b)], before, 'same ids, same connection, not re-offered');
      // And the room lives: a third finds both.
      const c = await s.open(first, '/r/server-restarts', { name: 'Cy' });
      await c.join({ devices: false });
      await c.inCall();
      const welcome = await c.event('welcome');
      assert.deepEqual(welcome.peers.map((p) => p.id).sort(), before.map((i) => i.self).sort());
    });
  }
}

for (const kind of ['chromium', 'firefox']) {
  test(`the network changes: ICE restarts, the picture comes back (${kind})`, { skip: missing(kind) }, async (t) => {
    const s = await Scenario.start(t);
    const [a, b] = await connected(s, kind, kind, '/r/restart-ice');
    for (const page of [a, b]) {
      const [before] = await page.connections();
      await page.changeNetwork();
      await page.event('restart', { why: 'network-change' });
      await page.until('new ICE credentials', async () => {
        const [connection] = await page.connections();
        return connection.ufrag !== before.ufrag && connection.state === 'connected';
      });
      await a.framesFlow();
      await b.framesFlow();
      const [now] = await page.connections();
      assert.equal(now.made, before.made, 'the same connection object');
    }
    assert.deepEqual(await a.failures(), []);
  });
}

for (const [first, second] of [['chromium', 'firefox']]) {
  test(`the relay dies under a relayed call and comes back: ${first}, ${second}`, { skip: missing(first, second) }, async (t) => {
    const s = await Scenario.start(t, { fixedPorts: true });
    const [a, b] = await connected(s, first, second, '/r/relay-dies?ice=relay&relay=udp');
    const before = [await identity(a), await identity(b)];
    await s.server.stop('SIGKILL');
    for (const page of [a, b]) await page.visible('[data-reconnecting]');
    await s.server.launchAgain();
    for (const page of [a, b]) {
      await page.framesFlow(1, { timeout: 3 * usual });
      await page.until('the words to be taken back', async () => !(await page.has('[data-reconnecting]')));
      await page.until('no failure shown', async () => (await page.failures()).length === 0);
    }
    const restarts = [...await a.events('restart'), ...await b.events('restart')];
    assert.ok(restarts.length > 0, 'one of them looked for a new path');
    assert.deepEqual([(await identity(a)).self, (await identity(b)).self], before.map((i) => i.self));
  });
}
