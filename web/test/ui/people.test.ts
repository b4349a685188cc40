// Members, messages and files as the panel shows them; and the words themselves.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bitrate, bytes, clock, duration, makeT, particle, pickLanguage } from '../../src/i18n/index.ts';
import { strings } from '../../src/i18n/strings.ts';
import { reduce } from '../../src/ui/reduce/reduce.ts';
import { chatting, direct, group, joined, kMina, lobby, lost, talking } from '../../stories/logs.ts';

test('members come, leave and come back', () => {
  const log = joined(lobby(), []);
  log.add('peer-joined', { name: 'Mina' }, kMina);
  log.after(5).add('peer-left', { reason: 'left' }, kMina);
  const gone = reduce(log.events);
  assert.equal(gone.peers.get(kMina)?.present, false);
  assert.deepEqual(gone.chat.map((line) => line.kind), ['joined', 'left']);
  log.after(5).add('peer-joined', { name: 'Mina' }, kMina);
  const back = reduce(log.events).peers.get(kMina);
  assert.equal(back?.present, true);
  assert.equal(back?.link, 'new');
});

test('fifteen others each have their own connection', () => {
  const state = reduce(group(15).events);
  assert.equal(state.peers.size, 15);
  assert.equal([...state.peers.values()].filter((peer) => peer.link === 'connected').length, 14);
  assert.equal(state.peers.get('x1')?.relay?.used, true);
  assert.equal(state.peers.get('x2')?.relay?.used, false);
});

test('messages keep their order and author; a file keeps its newest stage', () => {
  const state = reduce(chatting(talking(direct(), 1)).events);
  assert.deepEqual(state.chat.map((line) => line.by), ['you', kMina, 'you']);
  assert.equal(state.files.get('f1')?.stage, 'progress');
  assert.equal(state.files.get('f1')?.bytes, 33_000_000);
  assert.equal(state.files.get('f3')?.stage, 'done');
});

test('a lost path is reconnecting since the moment it fell silent, and connected when it is back', () => {
  const log = lost(talking(direct(), 2), 3);
  const down = log.events.find((event) => event.kind === 'state' && event.state === 'disconnected');
  const peer = reduce(log.events).peers.get(kMina);
  assert.equal(peer?.link, 'reconnecting');
  assert.equal(peer?.linkSince, down?.t);
  log.add('connected', { ms: 3000 }, kMina);
  assert.equal(reduce(log.events).peers.get(kMina)?.link, 'connected');
});

test('every string exists in both languages and asks for the same places', () => {
  const places = (said: string): string[] => [...new Set([...said.matchAll(/\{(\w+)/g)].map((m) => m[1] ?? ''))].sort();
  for (const [key, [en, ko]] of Object.entries(strings)) {
    assert.ok(en.length > 0 && ko.length > 0, key);
    assert.deepEqual(places(ko), places(en), key);
  }
});

test('Korean particles follow the last sound', () => {
  assert.equal(particle('민준', '이/가'), '이');
  assert.equal(particle('미나', '이/가'), '가');
  assert.equal(particle('서울', '으로/로'), '로');
  assert.equal(particle('TLS', '으로/로'), '로');
  assert.equal(particle('10.0.0.3', '으로/로'), '으로');
  assert.equal(particle('3478', '으로/로'), '로');
  assert.equal(particle('Jonas', '을/를'), '을(를)');
});

test('plurals, numbers and the choice of language', () => {
  const t = makeT('en');
  assert.equal(t('pair.noAnswer', { n: 1 }), '1 check sent, none answered');
  assert.equal(t('pair.noAnswer', { n: 7 }), '7 checks sent, none answered');
  assert.deepEqual([bytes(999), bytes(52_428_800), bytes(4e9)], ['999 B', '52.4 MB', '4.0 GB']);
  assert.deepEqual([bitrate(38_400), bitrate(2_440_000)], ['38 kbit/s', '2.4 Mbit/s']);
  assert.deepEqual([duration(840), duration(2400), clock(187_000), clock(3_729_000)], ['840 ms', '2.4 s', '3:07', '1:02:09']);
  assert.equal(pickLanguage(['ko-KR', 'en']), 'ko');
  assert.equal(pickLanguage(['fr', 'de']), 'en');
  assert.equal(pickLanguage(['fr', 'ko']), 'ko');
});
