import { writeClipboard } from '../lib/clipboard';
import { toast } from './Toasts';

/** What a message has room for. */
const room = 600;

/** Copies a text and says that it is done; where the browser does not let it, the text is there to be copied by hand. */
export async function copyText(text: string, done = 'Copied', what?: string): Promise<void> {
  try {
    await writeClipboard(text);
    toast('success', done, what);
  } catch {
    toast('error', 'Not copied: the browser does not let this page write to the clipboard', text.length <= room ? text : 'Select the text where it stands and copy it by hand.');
  }
}
