import { Alert, Button } from '@grafana/ui';
import { useState } from 'react';
import { messageOf } from '../../../api/http';
import { JsonEditor } from '../../../components/JsonEditor';
import { migrate, unwrap } from '../../../model/migrate';
import type { SettingsProps } from '../Settings';

/** The whole dashboard as JSON. */
export function Model({ model, change, close }: SettingsProps) {
  const [text, setText] = useState(() => JSON.stringify(model, null, 2));
  const [error, setError] = useState('');
  const apply = () => {
    try {
      change(migrate(unwrap(JSON.parse(text))));
      close();
    } catch (err) {
      setError(messageOf(err));
    }
  };
  return (
    <>
      {error && <Alert severity="error" title="This JSON cannot be used">{error}</Alert>}
      <JsonEditor value={text} onChange={setText} label="The dashboard as JSON" />
      <Button onClick={apply}>Apply</Button>
    </>
  );
}
