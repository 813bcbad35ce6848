/* The library's dialog, after which the focus is where it was. */
import { Modal as Dialog } from '@grafana/ui';
import { useEffect, useState, type ComponentProps } from 'react';

function Returning(props: ComponentProps<typeof Dialog>) {
  // Known before a field in the dialog takes the focus, which the library then holds for what had it.
  const [before] = useState(() => document.activeElement);
  useEffect(
    () => () => {
      setTimeout(() => {
        if (before instanceof HTMLElement && document.activeElement === document.body) {
          before.focus();
        }
      });
    },
    [before]
  );
  return <Dialog {...props} />;
}

export const Modal = Object.assign(Returning, { ButtonRow: Dialog.ButtonRow });
