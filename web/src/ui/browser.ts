// What the page asks of the browser besides the call: remembered choices, clipboard, saving a file.

/** Remembers a choice on this device; a browser that refuses storage just forgets. */
export function remember(key: string, value: string): void {
  try {
    localStorage.setItem(`parley.${key}`, value);
  } catch {
    // Private windows and blocked storage: nothing is kept.
  }
}

export function recall(key: string): string | null {
  try {
    return localStorage.getItem(`parley.${key}`);
  } catch {
    return null;
  }
}

/** Plain HTTP has no navigator.clipboard: there a selection and the old command do it. */
export async function copyText(value: string): Promise<boolean> {
  try {
    if (navigator.clipboard) {
      await navigator.clipboard.writeText(value);
      return true;
    }
  } catch {
    // Refused (no permission, no focus): the old way may still work.
  }
  const area = document.createElement('textarea');
  area.value = value;
  area.readOnly = true;
  area.className = 'sr';
  document.body.append(area);
  const focused = document.activeElement;
  area.select();
  let copied = false;
  try {
    copied = document.execCommand('copy');
  } catch {
    copied = false;
  }
  area.remove();
  if (focused instanceof HTMLElement) focused.focus();
  return copied;
}

export function saveBlob(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob);
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  document.body.append(link);
  link.click();
  link.remove();
  // The browser has taken its own hold of the blob by the next minute.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

/** Whether the browser already lets this page use the device, so that opening asks nothing. */
export async function granted(device: 'camera' | 'microphone'): Promise<boolean> {
  try {
    const status = await navigator.permissions.query({ name: device as PermissionName });
    return status.state === 'granted';
  } catch {
    return false;
  }
}
