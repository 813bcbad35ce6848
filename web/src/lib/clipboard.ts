/* The clipboard, also where the browser gives pages none: over plain http from another machine. */

const kept = 'hearth.copied';

/**
 * Copies as a page could before there was an API: the copy command, while a click or a
 * key is being answered. The text stands in the command's own event; browsers that ask for
 * a selection find one. Returns whether the browser did it.
 */
function byCommand(text: string): boolean {
  const before = document.activeElement;
  const area = document.createElement('textarea');
  area.value = text;
  area.readOnly = true;
  area.setAttribute('aria-hidden', 'true');
  area.style.cssText = 'position:fixed;top:0;left:0;opacity:0';
  let taken = false;
  const give = (e: ClipboardEvent) => {
    e.clipboardData?.setData('text/plain', text);
    e.preventDefault();
    e.stopImmediatePropagation();
    taken = e.clipboardData !== null;
  };
  document.addEventListener('copy', give, true);
  document.body.append(area);
  try {
    area.select();
    return document.execCommand('copy') && taken;
  } catch {
    return false;
  } finally {
    document.removeEventListener('copy', give, true);
    area.remove();
    (before as HTMLElement | null)?.focus?.({ preventScroll: true });
  }
}

function keep(text: string): void {
  try {
    window.localStorage.setItem(kept, text);
  } catch {
    // What is too long to keep cannot be pasted by a button, only by the browser's own key.
  }
}

async function writeByCommand(text: string): Promise<void> {
  keep(text);
  if (!byCommand(text)) {
    throw new Error('the browser does not let this page write to the clipboard');
  }
}

/** Puts a text into the clipboard. It rejects where the browser does not let it. */
export async function writeClipboard(text: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    await writeByCommand(text); // it may be forbidden, as in a frame
  }
}

/**
 * Where the browser gives no clipboard, pages and libraries find this one in its place. It
 * writes by the command; to read it has what was copied last from these pages in this browser.
 */
export function standInForClipboard(): void {
  if (!navigator.clipboard) {
    const standIn = { writeText: writeByCommand, readText: () => Promise.resolve(window.localStorage.getItem(kept) ?? '') };
    Object.defineProperty(navigator, 'clipboard', { configurable: true, value: standIn });
  }
}
