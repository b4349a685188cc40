// Words of the page, from one table, in the language of the browser or the one chosen.
//
// A string may hold {name} places. In Korean a particle follows its word's last sound, so a place
// may say {name|이/가}: the first form after a final consonant, the second after a vowel. Digits and
// capital letters are read aloud in Korean (TLS로, 3478로); after other letters both are written. In
// English {n#pair/pairs} is the first word when n is 1 and the second otherwise.

import { strings } from './strings';

export type Lang = 'en' | 'ko';
export type StringKey = keyof typeof strings;
export type Params = Readonly<Record<string, string | number>>;
export type T = ((key: StringKey, params?: Params) => string) & { readonly lang: Lang };

export const kLanguages: readonly { lang: Lang; name: string }[] = [
  { lang: 'en', name: 'English' },
  { lang: 'ko', name: '한국어' },
];

const kHangulFirst = 0xac00;
const kHangulLast = 0xd7a3;
const kFinals = 28;
const kFinalRieul = 8;

/** The last sound of a digit or capital letter as Korean reads it: n, a final ㄹ (l), or a vowel (v). */
const kReadAloud: Readonly<Record<string, 'n' | 'l' | 'v'>> = {
  '0': 'n', '1': 'l', '2': 'v', '3': 'n', '4': 'v', '5': 'v', '6': 'n', '7': 'l', '8': 'l', '9': 'v',
  L: 'l', M: 'n', N: 'n', R: 'l',
};

function lastSound(word: string): 'n' | 'l' | 'v' | null {
  const last = word.trimEnd().slice(-1);
  const code = last.charCodeAt(0);
  if (code >= kHangulFirst && code <= kHangulLast) {
    const final = (code - kHangulFirst) % kFinals;
    return final === 0 ? 'v' : final === kFinalRieul ? 'l' : 'n';
  }
  if (/[0-9]/.test(last)) return kReadAloud[last] ?? null;
  return /^[A-Z]$/.test(last) ? (kReadAloud[last] ?? 'v') : null;
}

/** The particle that fits after `word`: `pair` is "은/는", "이/가", "을/를", "과/와" or "으로/로". */
export function particle(word: string, pair: string): string {
  const [closed = '', open = ''] = pair.split('/');
  const sound = lastSound(word);
  if (sound === null) return closed === '으로' ? '(으)로' : `${closed}(${open})`;
  return sound === 'v' || (sound === 'l' && closed === '으로') ? open : closed;
}

function fill(text: string, params: Params): string {
  return text.replace(/\{(\w+)(?:([|#])([^}]+))?\}/g, (whole, name: string, how?: string, pair?: string) => {
    const value = params[name];
    if (value === undefined) return whole;
    const word = String(value);
    if (how === '#' && pair) return pair.split('/')[Number(value) === 1 ? 0 : 1] ?? '';
    return pair ? word + particle(word, pair) : word;
  });
}

export function makeT(lang: Lang): T {
  const column = lang === 'ko' ? 1 : 0;
  const t = (key: StringKey, params?: Params): string => {
    const text = strings[key][column];
    return params ? fill(text, params) : text;
  };
  return Object.assign(t, { lang });
}

/** The first of the browser's languages that the table has; English when it has none. */
export function pickLanguage(preferred: readonly string[]): Lang {
  for (const tag of preferred) {
    const base = tag.toLowerCase().split('-')[0];
    if (base === 'ko') return 'ko';
    if (base === 'en') return 'en';
  }
  return 'en';
}

/** 1234567 as "1.2 MB"; units are powers of ten, as speeds and disks are told. */
export function bytes(n: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = n;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit === 0 || value >= 100 ? value.toFixed(0) : value.toFixed(1)} ${units[unit]}`;
}

/** Bits per second as "2.4 Mbit/s". */
export function bitrate(bps: number): string {
  if (bps >= 1e6) return `${(bps / 1e6).toFixed(bps >= 1e7 ? 0 : 1)} Mbit/s`;
  if (bps >= 1e3) return `${(bps / 1e3).toFixed(0)} kbit/s`;
  return `${Math.round(bps)} bit/s`;
}

/** Milliseconds as "840 ms", "2.4 s", "3:07". */
export function duration(ms: number): string {
  if (ms < 1000) return `${Math.max(0, Math.round(ms))} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  return clock(ms);
}

/** Milliseconds as "0:07", "3:07", "1:02:09". */
export function clock(ms: number): string {
  const s = Math.max(0, Math.floor(ms / 1000));
  const mm = Math.floor(s / 60) % 60;
  const ss = String(s % 60).padStart(2, '0');
  const hh = Math.floor(s / 3600);
  return hh > 0 ? `${hh}:${String(mm).padStart(2, '0')}:${ss}` : `${mm}:${ss}`;
}
