// Room names of three pronounceable words, such as "tarin-solu-mede".
// A word is consonant, vowel, consonant, ending: 13 * 5 * 13 * 10 = 8,450 words, so three carry
// 39.1 bits (a few unkind words are drawn again, which costs less than 0.1 bit). Drawn without
// bias from the browser's generator, which exists on plain HTTP too.

const kConsonants = [...'bdghlmnprstvz'];
const kVowels = [...'aeiou'];
const kEndings = ['a', 'e', 'i', 'o', 'u', 'an', 'en', 'in', 'on', 'ar'];
const kUnkind = /^(bobo|dago|hitl|homo|lolit|mong|nazi|pedo|penis|pupu|pusa|puta|rape|sado|tito)/;

export const kWords = kConsonants.length * kVowels.length * kConsonants.length * kEndings.length;

/** Fills the array with random bits; crypto.getRandomValues has this shape. */
export type RandomFill = (into: Uint32Array) => unknown;

/** Uniform in [0, limit): values above the last whole multiple are drawn again. */
export function uniform(limit: number, fill: RandomFill): number {
  const one = new Uint32Array(1);
  const bound = Math.floor(0x1_0000_0000 / limit) * limit;
  do fill(one);
  while (one[0]! >= bound);
  return one[0]! % limit;
}

/** The word of a number below kWords; every number gives another word. */
export function wordOf(index: number): string {
  let rest = index;
  const pick = (from: readonly string[]): string => {
    const at = rest % from.length;
    rest = Math.floor(rest / from.length);
    return from[at]!;
  };
  return pick(kConsonants) + pick(kVowels) + pick(kConsonants) + pick(kEndings);
}

function randomWord(fill: RandomFill): string {
  for (;;) {
    const word = wordOf(uniform(kWords, fill));
    if (!kUnkind.test(word)) return word;
  }
}

export function makeRoomName(fill: RandomFill = (into) => crypto.getRandomValues(into)): string {
  return [randomWord(fill), randomWord(fill), randomWord(fill)].join('-');
}
