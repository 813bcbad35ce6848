import { Alert, Button } from '@grafana/ui';
import { useState } from 'react';
import { messageOf } from '../../../api/http';
import { JsonEditor } from '../../../components/JsonEditor';
import { migratePanel } from '../../../model/migrate/panel';
import type { EditProps } from '../EditPanel';

/** The whole panel, for what no form shows. */
export function PanelJson({ panel, change }: EditProps) {
  const [text, setText] = useState(() => JSON.stringify(panel, null, 2));
  const [error, setError] = useState('');
  const apply = () => {
    try {
      change({ ...migratePanel(JSON.parse(text)), id: panel.id });
      setError('');
    } catch (err) {
      setError(messageOf(err));
    }
  };
  return (
    <>
      {error && <Alert severity="error" title="This JSON cannot be used">{error}</Alert>}
      <JsonEditor value={text} onChange={setText} label="The panel as JSON" />
      <Button onClick={apply}>Apply</Button>
    </>
  );
}
