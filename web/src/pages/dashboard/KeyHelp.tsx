import { Modal } from '../../components/Modal';
import { keyHelp } from './keys';

/** The list of keys. */
export function KeyHelp({ close }: { close: () => void }) {
  return (
    <Modal title="Keys" isOpen onDismiss={close}>
      <table><tbody>{keyHelp.map(([keys, does]) => <tr key={keys}><th scope="row" style={{ textAlign: 'left', paddingRight: 24, paddingBottom: 6, fontWeight: 500 }}><kbd>{keys}</kbd></th><td style={{ paddingBottom: 6 }}>{does}</td></tr>)}</tbody></table>
    </Modal>
  );
}
