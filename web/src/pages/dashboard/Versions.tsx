import { Button, Drawer } from '@grafana/ui';
import { dateTimeFormat } from '@grafana/data';
import { useState } from 'react';
import { getVersion, getVersions, restoreVersion, type Version } from '../../api/grafana';
import { messageOf } from '../../api/http';
import { Failed, Loading } from '../../components/States';
import { toast } from '../../components/Toasts';
import { useAsync } from '../../lib/useAsync';
import type { DashboardJSON } from '../../model/dashboard';
import { changes } from '../../model/edit';
import { Diff } from './Diff';

interface Props {
  uid: string;
  current: DashboardJSON;
  editor: boolean;
  close: () => void;
}

/** All that was saved, what each differs in from now, and the way back. */
export function Versions({ uid, current, editor, close }: Props) {
  const found = useAsync(() => getVersions(uid), [uid]);
  const [at, setAt] = useState<Version>();
  const restore = async (v: Version) => {
    try {
      await restoreVersion(uid, v.version);
      window.location.reload();
    } catch (err) {
      toast('error', 'The version was not restored', messageOf(err));
    }
  };
  return (
    <Drawer title="Versions" onClose={close} size="md">
      {found.state === 'loading' && <Loading what="the versions" />}
      {found.state === 'failed' && <Failed error={found.error} retry={found.again} />}
      {found.state === 'done' && (
        <table style={{ width: '100%' }}>
          <thead><tr><th>Version</th><th>Saved</th><th>By</th><th>What</th><th /></tr></thead>
          <tbody>
            {found.value.map((v) => (
              <tr key={v.version}>
                <td>{v.version}</td><td>{dateTimeFormat(v.created)}</td><td>{v.createdBy}</td><td>{v.message}</td>
                <td style={{ textAlign: 'right' }}>
                  {v.version !== current.version && <Button size="sm" variant="secondary" onClick={() => setAt(v)}>Compare</Button>}{' '}
                  {editor && v.version !== current.version && <Button size="sm" variant="secondary" onClick={() => void restore(v)}>Restore</Button>}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {at && <Compared uid={uid} version={at} current={current} />}
    </Drawer>
  );
}

function Compared({ uid, version, current }: { uid: string; version: Version; current: DashboardJSON }) {
  const found = useAsync(() => getVersion(uid, version.version), [uid, version.version]);
  if (found.state === 'loading') {
    return <Loading what="the version" />;
  }
  return found.state === 'failed' ? <Failed error={found.error} /> : <><h3>From version {version.version} to now</h3><Diff changes={changes(found.value, current)} /></>;
}
