// What the server does as a plain HTTP server and as a process.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import net from 'node:net';
import { atEnd, Cleanup } from '../lib/cleanup.mjs';
import { get, raw, upgradeStatus } from '../lib/http.mjs';
import { freePort } from '../lib/ports.mjs';
import { Child } from '../lib/process.mjs';
import { binary, cleanEnvironment, Server } from '../lib/server.mjs';
import { SignalClient } from '../lib/signal_client.mjs';

let server;
before(async () => { server = await Server.start(atEnd); });
after(() => atEnd.run());

test('the ready line names HTTP, signalling, STUN and TURN', () => {
  assert.match(server.ready.http, /^http:\/\/127\.0\.0\.1:\d+$/);
  assert.match(server.ready.signal, /^ws:\/\/127\.0\.0\.1:\d+\/signal$/);
  assert.ok(server.ready.stun.every((url) => /^stun:[^:]+:\d+$/.test(url)) && server.ready.stun.length > 0);
  const turn = server.ready.turn.join(' ');
  assert.match(turn, /turn:\S+\?transport=udp/);
  assert.match(turn, /turn:\S+\?transport=tcp/);
});

test('the page, its script and its style are served under a strict policy', async () => {
  for (const path of ['/', '/r/some-room-name']) {
    const page = await get(server.url + path);
    assert.equal(page.status, 200, path);
    assert.match(page.headers['content-type'], /^text\/html/);
    const policy = page.headers['content-security-policy'];
    assert.match(policy, /default-src '(none|self)'/);
    assert.doesNotMatch(policy, /unsafe-eval|\*/);
    assert.doesNotMatch(policy, /script-src[^;]*unsafe-inline/);
    assert.equal(page.headers['x-content-type-options'], 'nosniff');
    for (const [, source] of page.body.matchAll(/(?:src|href)="(\/[^"#]+)"/g)) {
      const part = await get(server.url + source);
      assert.equal(part.status, 200, source);
    }
  }
});

test('/healthz, /readyz and /metrics answer', async () => {
  assert.equal((await get(`${server.url}/healthz`)).status, 200);
  assert.equal((await get(`${server.url}/readyz`)).status, 200);
  const metrics = await get(`${server.url}/metrics`);
  assert.equal(metrics.status, 200);
  assert.match(metrics.headers['content-type'], /^text\/plain/);
  for (const line of metrics.body.split('\n').filter(Boolean)) {
    assert.match(line, /^(# (HELP|TYPE) \S+ .*|[a-zA-Z_:][\w:]*(\{[^}]*\})? [-+\d.eE]+|.*NaN)$/);
  }
});

test('/metrics names nothing that users choose', async () => {
  const client = new SignalClient(server.ready.signal);
  assert.equal((await client.join('metric-room-xyzzy', 'metric-name-plugh')).type, 'welcome');
  const { body } = await get(`${server.url}/metrics`);
  assert.doesNotMatch(body, /xyzzy|plugh/);
  await client.close();
});

test('a Host that is not ours gets 421 before any route', async () => {
  for (const host of ['evil.example', 'evil.example:80', '127.0.0.1.evil.example', '169.254.169.254', 'localhost.evil']) {
    for (const path of ['/', '/healthz', '/metrics', '/signal', '/nowhere']) {
      assert.equal((await get(server.url + path, { headers: { host } })).status, 421, `${host} ${path}`);
    }
  }
  for (const host of ['127.0.0.1', 'localhost', '[::1]']) {
    for (const port of ['', `:${server.httpPort}`]) {
      assert.equal((await get(`${server.url}/healthz`, { headers: { host: host + port } })).status, 200, host + port);
    }
  }
  const none = await raw(server.httpPort, 'GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n');
  assert.match(none, /^HTTP\/1\.1 4\d\d /);
});

test('signalling lets its own origins in and no others', async () => {
  const url = `${server.url}/signal`;
  for (const origin of [server.url, `http://localhost:${server.httpPort}`, 'http://localhost:1234', 'http://127.0.0.1:9']) {
    assert.equal(await upgradeStatus(url, { origin }), 101, origin);
  }
  for (const origin of ['http://evil.example', 'https://localhost.evil.example', 'null', 'file://',
    `http://127.0.0.1.evil.example:${server.httpPort}`]) {
    assert.equal(await upgradeStatus(url, { origin }), 403, origin);
  }
  assert.equal(await upgradeStatus(url), 101, 'a native client sends no Origin');
  assert.equal(await upgradeStatus(url, { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'websocket' }), 403,
    'a browser that hides its Origin');
  // Origin is compared with the list, never with Host.
  assert.equal(await upgradeStatus(url, { host: 'localhost', origin: 'http://evil.example' }), 403);
});

test('unknown paths, methods and climbing paths are refused politely', async () => {
  assert.equal((await get(`${server.url}/nowhere`)).status, 404);
  const post = await get(`${server.url}/`, { method: 'POST', body: 'x' });
  assert.equal(post.status, 405);
  for (const path of ['/../../etc/passwd', '/%2e%2e/%2e%2e/etc/passwd', '/r/../../etc/passwd', '//etc/passwd', '/app.js/../../x']) {
    const answer = await raw(server.httpPort,
      `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
    assert.match(answer, /^HTTP\/1\.1 \d\d\d /, path);
    assert.doesNotMatch(answer, /root:/);
  }
});

test('rubbish and endless headers harm nobody', async () => {
  const healthy = new SignalClient(server.ready.signal);
  assert.equal((await healthy.join('calm', 'Calm')).type, 'welcome');
  await raw(server.httpPort, 'RUBBISH\r\n\r\n');
  await raw(server.httpPort, `GET / HTTP/1.1\r\nHost: localhost\r\nX: ${'a'.repeat(300_000)}\r\n\r\n`);
  await raw(server.httpPort, Buffer.concat([Buffer.from([0x80, 0x90, 0xff, 0xfe]), Buffer.alloc(4096, 0xaa)]));
  healthy.send({ type: 'ping', t: 'still here' });
  await healthy.expect('pong', (message) => message.type === 'pong' && message.t === 'still here');
  await healthy.close();
});

test('frames of 10 MB and binary frames end their own socket only', async () => {
  const healthy = new SignalClient(server.ready.signal);
  assert.equal((await healthy.join('calm-two', 'Calm')).type, 'welcome');

  const loud = new SignalClient(server.ready.signal);
  await loud.join('loud', 'Loud');
  loud.socket.send(`{"type":"ping","t":"${'x'.repeat(10_000_000)}"}`);
  assert.equal((await loud.closed).code, 1009);

  const binaryOne = new SignalClient(server.ready.signal);
  await binaryOne.join('loud', 'Binary');
  binaryOne.socket.send(Buffer.from([1, 2, 3]));
  await binaryOne.error('binary');
  assert.equal((await binaryOne.closed).code, 1003);

  healthy.send({ type: 'ping', t: 1 });
  await healthy.type('pong');
  await healthy.close();
});

test('SIGTERM tells the members and ends with 0', async (t) => {
  const cleanup = new Cleanup();
  t.after(() => cleanup.run());
  const own = await Server.start(cleanup);
  const client = new SignalClient(own.ready.signal);
  await client.join('short', 'Ann');
  const ended = own.stop('SIGTERM');
  const told = await client.error('shutdown');
  assert.equal(told.fatal, true);
  assert.equal((await client.closed).code, 1001);
  assert.deepEqual(await ended, { code: 0, signal: null });
});

test('SIGINT ends it too', async (t) => {
  const cleanup = new Cleanup();
  t.after(() => cleanup.run());
  const own = await Server.start(cleanup);
  const { code, signal } = await own.stop('SIGINT');
  assert.ok(signal === null && (code === 0 || code === 130), `${code} ${signal}`);
});

test('mistakes are named: a port in use, a bad address, an unknown key', async (t) => {
  const cleanup = new Cleanup();
  t.after(() => cleanup.run());
  const port = await freePort();
  const taken = net.createServer();
  await new Promise((resolve) => taken.listen(port, '127.0.0.1', resolve));
  cleanup.add(() => new Promise((resolve) => taken.close(resolve)));
  const home = cleanup.tempDir('home');
  const attempt = async (...args) => {
    const child = new Child(binary, ['serve', ...args], { env: cleanEnvironment(home), cwd: home });
    cleanup.add(() => child.stop());
    const { code } = await child.exited;
    await child.closed;
    return { code, text: child.stderr + child.stdout };
  };
  const busy = await attempt('--http-port', `${port}`, '--turn-port', '0', '--turns-port', '0');
  assert.ok(busy.code === 1 || busy.code === 2, `${busy.code}`);
  assert.match(busy.text, new RegExp(`${port}`));
  assert.match(busy.text, /http.?port/i);
  const address = await attempt('--bind', '300.1.2.3', '--http-port', '0');
  assert.equal(address.code, 2);
  assert.match(address.text, /300\.1\.2\.3/);
  const unknown = await attempt('--no-such-option');
  assert.equal(unknown.code, 2);
  assert.match(unknown.text, /no-such-option/);
});

test('no password, token or resume key reaches the log', async (t) => {
  const cleanup = new Cleanup();
  t.after(() => cleanup.run());
  const own = await Server.start(cleanup, { args: ['--turn-user', 'ann:sesame-open-4711'] });
  const client = new SignalClient(own.ready.signal);
  const welcome = await client.join('secrets', 'Ann', { token: 'not.a.token-8812' });
  const secrets = ['sesame-open-4711', 'not.a.token-8812'];
  if (welcome.type === 'welcome') {
    secrets.push(welcome.resume, welcome.proof);
    for (const ice of welcome.iceServers) if (ice.credential) secrets.push(ice.credential);
  }
  await client.close();
  await own.stop();
  await own.child.closed;
  const log = own.child.stderr + own.child.stdout;
  for (const secret of secrets) assert.ok(!log.includes(secret), 'a secret was logged');
});
