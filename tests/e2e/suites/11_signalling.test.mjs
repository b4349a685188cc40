// docs/signalling.md held against the running server, over real sockets.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createHmac } from 'node:crypto';
import { atEnd, Cleanup } from '../lib/cleanup.mjs';
import { Proxy } from '../lib/proxy.mjs';
import { Server } from '../lib/server.mjs';
import { SignalClient } from '../lib/signal_client.mjs';

let server;
const open = [];
before(async () => { server = await Server.start(atEnd); });
after(async () => {
  for (const client of open) client.socket.terminate();
  await atEnd.run();
});

const connect = (url = server.ready.signal, options) => {
  const client = new SignalClient(url, options);
  open.push(client);
  return client;
};
let rooms = 0;
const newRoom = () => `room-${++rooms}`;

async function pair(room = newRoom()) {
  const ann = connect();
  await ann.join(room, 'Ann');
  const bo = connect();
  await bo.join(room, 'Bo');
  await ann.type('peer-joined');
  return { ann, bo, room };
}

test('two members meet, and what one says reaches the other unchanged and in order', async () => {
  const { ann, bo } = await pair();
  assert.deepEqual(ann.welcome.peers, []);
  assert.deepEqual(bo.welcome.peers, [{ id: ann.welcome.self, name: 'Ann', order: ann.welcome.order }]);
  assert.ok(bo.welcome.order > ann.welcome.order);
  assert.match(ann.welcome.self, /^[A-Za-z0-9_-]{22}$/);
  for (let n = 0; n < 100; ++n) bo.sequenced({ type: 'signal', to: ann.welcome.self, data: { n, odd: 'é\u0000"\\' } });
  await ann.expect('the last one', (m) => m.type === 'signal' && m.data.n === 99);
  const got = ann.received.filter((m) => m.type === 'signal');
  assert.deepEqual(got.map((m) => m.data.n), [...Array(100).keys()]);
  assert.ok(got.every((m) => m.from === bo.welcome.self && m.data.odd === 'é\u0000"\\'));
  bo.send({ type: 'leave' });
  const left = await ann.type('peer-left');
  assert.deepEqual([left.id, left.reason], [bo.welcome.self, 'left']);
  assert.equal((await bo.closed).code, 1000);
});

test('TURN credentials are the REST form, minted per member', async () => {
  const { ann, bo } = await pair();
  const turn = (client) => client.welcome.iceServers.find((s) => s.urls.some((url) => url.startsWith('turn')));
  const [one, two] = [turn(ann), turn(bo)];
  assert.match(one.username, new RegExp(`^\\d+:${ann.welcome.self}$`));
  assert.notEqual(one.credential, two.credential);
  assert.equal(Buffer.from(one.credential, 'base64').length, createHmac('sha1', '').digest().length);
  const life = Number(one.username.split(':')[0]) - Date.now() / 1000;
  assert.ok(life > 60 && life <= 24 * 3600, `${life}`);
});

test('a socket that breaks resumes, nothing lost, nothing doubled, nobody told', async (t) => {
  const cleanup = new Cleanup();
  t.after(() => cleanup.run());
  const proxy = await Proxy.start(cleanup, server.httpPort);
  const room = newRoom();
  const ann = connect(`ws://127.0.0.1:${proxy.port}/signal`);
  await ann.join(room, 'Ann');
  const bo = connect();
  await bo.join(room, 'Bo');
  await ann.type('peer-joined');
  for (let n = 0; n < 20; ++n) bo.sequenced({ type: 'signal', to: ann.welcome.self, data: { n } });
  await ann.expect('the first half', (m) => m.data?.n === 9);
  proxy.cut();
  await ann.closed;
  for (let n = 20; n < 40; ++n) bo.sequenced({ type: 'signal', to: ann.welcome.self, data: { n } });

  const again = connect(`ws://127.0.0.1:${proxy.port}/signal`);
  again.seen = ann.seen;
  const welcome = await again.join(room, 'Ann',
    { resume: ann.welcome.resume, ack: ann.seen, proof: ann.welcome.proof });
  assert.equal(welcome.resumed, true);
  assert.equal(welcome.self, ann.welcome.self);
  assert.notEqual(welcome.resume, ann.welcome.resume);
  await again.expect('the last one', (m) => m.data?.n === 39);
  const all = [...ann.received, ...again.received].filter((m) => m.type === 'signal').map((m) => m.data.n);
  assert.deepEqual(all, [...Array(40).keys()]);
  assert.ok(!bo.received.some((m) => m.type === 'peer-left' || m.type === 'peer-joined'));
});

test('a resume key is good for its room only, and evicts the older socket', async () => {
  const { ann, room } = await pair();
  const thief = connect();
  await thief.join(newRoom(), 'Ann', { resume: ann.welcome.resume, ack: 0 });
  await thief.error('resume-failed');
  const second = connect();
  const welcome = await second.join(room, 'Ann', { resume: ann.welcome.resume, ack: ann.seen });
  assert.equal(welcome.self, ann.welcome.self);
  await ann.error('replaced');
  assert.equal((await ann.closed).code, 4409);
});

test('a full room refuses the next one', async (t) => {
  const cleanup = new Cleanup();
  t.after(() => cleanup.run());
  const own = await Server.start(cleanup, { args: ['--room-size', '2'] });
  const clients = [];
  for (const name of ['Ann', 'Bo', 'Cy']) {
    const client = connect(own.ready.signal);
    await client.join('small', name);
    clients.push(client);
  }
  assert.ok(clients[1].welcome);
  const refused = await clients[2].error('room-full');
  assert.equal(refused.fatal, true);
  assert.equal((await clients[2].closed).code, 4403);
});

test('a locked room refuses newcomers, lets its own resume, and opens again', async () => {
  const { ann, bo, room } = await pair();
  ann.sequenced({ type: 'lock', locked: true });
  assert.equal((await bo.type('lock')).locked, true);
  const stranger = connect();
  await stranger.join(room, 'Cy');
  await stranger.error('room-locked');
  await bo.cut();
  const again = connect();
  const welcome = await again.join(room, 'Bo', { resume: bo.welcome.resume, ack: bo.seen });
  assert.equal(welcome.resumed, true);
  assert.equal(welcome.locked, true);
  ann.sequenced({ type: 'lock', locked: false });
  await again.expect('unlock', (m) => m.type === 'lock' && !m.locked);
  const second = connect();
  assert.equal((await second.join(room, 'Cy')).type, 'welcome');
});

test('after a restart members come back under their ids, by SIGTERM and by SIGKILL', async (t) => {
  const cleanup = new Cleanup();
  t.after(() => cleanup.run());
  const own = await Server.start(cleanup, { fixedPorts: true });
  let ann = connect(own.ready.signal);
  await ann.join('steady', 'Ann');
  let bo = connect(own.ready.signal);
  await bo.join('steady', 'Bo');
  const ids = [ann.welcome.self, bo.welcome.self];
  for (const signal of ['SIGTERM', 'SIGKILL']) {
    await own.restart(signal);
    await Promise.all([ann.closed, bo.closed]);
    const back = async (client, name) => {
      const next = connect(own.ready.signal);
      await next.join('steady', name, { resume: client.welcome.resume, ack: client.seen, proof: client.welcome.proof });
      assert.equal(next.welcome?.returned, true, JSON.stringify(next.received[0]));
      return next;
    };
    ann = await back(ann, 'Ann');
    bo = await back(bo, 'Bo');
    assert.deepEqual([ann.welcome.self, bo.welcome.self], ids);
    const joined = await ann.type('peer-joined');
    assert.equal(joined.returned, true);
    assert.equal(joined.peer.id, ids[1]);
  }
});

test('malformed messages get their documented codes', async () => {
  const cases = [
    ['{', 'bad-json'], ['[]', 'bad-json'], ['"x"', 'bad-json'], ['{"type":"ping","type":"ping"}', 'bad-json'],
    [`{"type":"ping","t":${'['.repeat(5000)}${']'.repeat(5000)}}`, 'bad-json'],
    ['{}', 'bad-message'], ['{"type":5}', 'bad-message'], ['{"type":"fly"}', 'unknown-type'],
    ['{"type":"signal","to":"x","data":{}}', 'not-joined'], ['{"type":"lock","locked":true}', 'not-joined'],
    ['{"type":"join","room":"a b","name":"x"}', 'bad-room'], ['{"type":"join","room":"-a","name":"x"}', 'bad-room'],
    [`{"type":"join","room":"${'a'.repeat(65)}","name":"x"}`, 'bad-room'],
    ['{"type":"join","room":"a","name":"  "}', 'bad-name'], ['{"type":"join","room":"a","name":"\\u202eevil"}', 'bad-name'],
    ['{"type":"join","room":"a","name":"x","protocol":2}', 'unsupported-protocol'],
    ['{"type":"join","room":7,"name":"x"}', 'bad-message'],
  ];
  for (const [text, code] of cases) {
    const client = connect();
    await client.opened;
    client.socket.send(text);
    const error = await client.error(code);
    assert.equal(typeof error.message, 'string', text);
    if (error.fatal) assert.ok((await client.closed).code >= 1000, text);
    else await client.close();
  }
});

test('members of other rooms cannot be reached, and are not told from nobody', async () => {
  const first = await pair();
  const second = await pair();
  const answers = [];
  for (const to of [second.ann.welcome.self, 'AAAAAAAAAAAAAAAAAAAAAA', first.ann.welcome.self]) {
    const ref = first.ann.sequenced({ type: 'signal', to, data: {} });
    answers.push(await first.ann.expect('an answer', (m) => m.type === 'error' && m.ref === ref));
  }
  assert.deepEqual(answers.map((a) => a.code), ['no-such-peer', 'no-such-peer', 'no-such-peer']);
  assert.equal(answers[0].message, answers[1].message);
  assert.ok(!second.ann.received.some((m) => m.type === 'signal'));
});

test('who floods is slowed down alone', async () => {
  const { ann, bo } = await pair();
  for (let n = 0; n < 1500; ++n) ann.sequenced({ type: 'signal', to: bo.welcome.self, data: {} });
  const error = await ann.error('rate-limited');
  assert.ok(error.retryAfter > 0);
  assert.equal((await ann.closed).code, 4429);
  bo.send({ type: 'ping', t: 7 });
  await bo.expect('pong', (m) => m.type === 'pong' && m.t === 7);
});
