// File names that may cross from one machine to another (docs/peer-messages.md section 6.8).

const kMaxNameBytes = 255;
const kForbidden =
  // Separators, control characters, what Windows refuses, bidirectional controls, line separators.
  /[/\\:<>"|?*\u0000-\u001f\u007f-\u009f\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069\u2028\u2029]/gu;
const kWindowsDevice = /^(con|prn|aux|nul|com[0-9]|lpt[0-9])$/i;

const bytesOf = (text: string): number => new TextEncoder().encode(text).length;

export function isAllowedName(name: string): boolean {
  const bytes = bytesOf(name);
  if (bytes < 1 || bytes > kMaxNameBytes || hasLoneSurrogate(name)) return false;
  if (name.search(kForbidden) >= 0) return false;
  if (name.startsWith(' ') || name.endsWith(' ') || name.endsWith('.')) return false;
  return !kWindowsDevice.test(name.split('.')[0]!);
}

/** The nearest allowed name; for what this side offers. */
export function allowedName(name: string): string {
  let result = [...name].map((c) => (hasLoneSurrogate(c) ? '_' : c)).join('').replace(kForbidden, '_');
  result = result.replace(/^ +/, '').replace(/[ .]+$/, '');
  if (kWindowsDevice.test(result.split('.')[0]!)) result = `_${result}`;
  while (bytesOf(result) > kMaxNameBytes) result = shorten(result);
  return result || 'file';
}

/** Takes one character out before the ending, so that the kind of file stays visible. */
function shorten(name: string): string {
  const dot = name.lastIndexOf('.');
  const ending = dot > 0 && name.length - dot <= 16 ? name.slice(dot) : '';
  const stem = [...name.slice(0, name.length - ending.length)];
  return stem.slice(0, -1).join('') + ending;
}

function hasLoneSurrogate(text: string): boolean {
  return /[\ud800-\udfff]/u.test(text);
}
