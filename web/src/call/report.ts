// The saved report: the log as JSON, which `parley explain` reads. Redaction keeps what explains a
// call (types, ports' sameness, order, times) and masks what identifies people and machines.

import type { SaveOptions } from './call.ts';
import type { CallEvent } from './events.ts';

export const kReportVersion = 1;

export function writeReport(events: readonly CallEvent[], options: SaveOptions = {}): string {
  const redact = options.redact ?? true;
  const masker = new Masker();
  const out = redact ? events.map((event) => masker.event(event)) : events;
  return JSON.stringify({ format: 'parley-report', version: kReportVersion, redacted: redact, events: out }, null, 1);
}

/** Replaces each secret by a stand-in, the same one each time, so that equal stays equal. */
export class Masker {
  private readonly stand = new Map<string, string>();
  private readonly counts = new Map<string, number>();

  event(event: CallEvent): CallEvent {
    return this.value(event, '') as CallEvent;
  }

  private value(value: unknown, key: string): unknown {
    if (typeof value === 'string') return this.text(value, key);
    if (Array.isArray(value)) return value.map((inner) => this.value(inner, key));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, this.value(inner, name)]));
  }

  private text(text: string, key: string): string {
    switch (key) {
      case 'name':
      case 'label':
      case 'deviceId':
      case 'room':
      case 'ufrag':
        return this.standIn(text, key);
      case 'id': // also device ids and chat ids: equal stays equal
        return text.length > 24 ? this.standIn(text, 'id') : text;
      case 'text':
        return this.free(text);
      case 'address':
        return this.address(text);
      case 'sdp':
        return this.sdp(text);
      case 'candidate':
        return this.candidate(text);
      case 'url':
      case 'urls':
        return this.url(text);
      default:
        return text;
    }
  }

  private standIn(text: string, kind: string): string {
    if (text === '') return '';
    const known = this.stand.get(`${kind} ${text}`);
    if (known) return known;
    const n = (this.counts.get(kind) ?? 0) + 1;
    this.counts.set(kind, n);
    const made = `[${kind} ${n}]`;
    this.stand.set(`${kind} ${text}`, made);
    return made;
  }

  /** Keeps what sort of address it is: that explains a call, the digits do not. */
  private address(text: string): string {
    if (text === '') return '';
    return this.standIn(text, addressSort(text)).replace(/ /g, '-');
  }

  /** Chat and error texts: masked whole, length kept. */
  private free(text: string): string {
    return `[${text.length} characters]`;
  }

  private url(text: string): string {
    const match = /^(stuns?|turns?):(\[[^\]]+\]|[^:?]+)(.*)$/i.exec(text);
    if (match) return `${match[1]}:${this.host(match[2]!)}${match[3]}`;
    try {
      const url = new URL(text);
      return `${url.protocol}//${this.host(url.hostname)}${url.port ? `:${url.port}` : ''}${url.pathname.replace(/^\/r\/.*/, '/r/…')}`;
    } catch {
      return this.standIn(text, 'url');
    }
  }

  private host(host: string): string {
    const plain = host.replace(/^\[|\]$/g, '');
    return isLoopback(plain) ? host : this.address(plain);
  }

  private candidate(text: string): string {
    const parts = text.split(' ');
    if (parts.length < 8) return text === '' ? '' : '[candidate]';
    parts[4] = this.address(parts[4]!);
    const mask = (name: string, kind: 'address' | 'ufrag'): void => {
      const at = parts.indexOf(name, 8) + 1;
      if (at > 0 && parts[at]) parts[at] = kind === 'address' ? this.address(parts[at]!) : '[ufrag]';
    };
    mask('raddr', 'address');
    mask('ufrag', 'ufrag');
    return parts.join(' ');
  }

  private sdp(text: string): string {
    return text
      .split(/\r?\n/)
      .map((line) => this.sdpLine(line))
      .join('\r\n');
  }

  private sdpLine(line: string): string {
    if (line.startsWith('a=candidate:')) return `a=${this.candidate(line.slice(2))}`;
    return line
      .replace(/^(a=ice-ufrag:|a=ice-pwd:).*/, '$1[masked]')
      .replace(/^(a=fingerprint:\S+ ).*/, '$1[masked]')
      .replace(/^(c=IN IP[46] )(\S+)/, (_, head: string, address: string) => head + this.address(address))
      .replace(/^(o=\S+ \d+ \d+ IN IP[46] )(\S+)/, (_, head: string, address: string) => head + this.address(address))
      .replace(/^(a=rtcp:\d+ IN IP[46] )(\S+)/, (_, head: string, address: string) => head + this.address(address))
      .replace(/^(a=(?:msid|ssrc:\d+ (?:cname|msid)):?).*/, '$1[masked]');
  }
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host.startsWith('127.');
}

export function addressSort(address: string): string {
  if (/\.local$/i.test(address)) return 'mdns';
  if (isLoopback(address)) return 'loopback';
  if (address.includes(':')) {
    if (/^fe[89ab]/i.test(address)) return 'link-local';
    return /^f[cd]/i.test(address) ? 'private6' : 'public6';
  }
  if (!/^\d+(\.\d+){3}$/.test(address)) return 'host';
  if (/^(10\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.)/.test(address)) return 'private';
  if (/^100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])\./.test(address)) return 'carrier';
  if (/^169\.254\./.test(address)) return 'link-local';
  return address === '0.0.0.0' ? 'hidden' : 'public';
}
