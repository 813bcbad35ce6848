/* What an annotation says, asked when it is added on a chart. */
import { dateTimeFormat, type TimeZone } from '@grafana/data';
import { Button, Field, TagsInput, TextArea, usePanelContext } from '@grafana/ui';
import { useState } from 'react';
import { messageOf } from '../api/http';
import { Modal } from '../components/Modal';
import { toast } from '../components/Toasts';

export interface Place {
  from: number;
  to: number;
}

export function NewAnnotation({ place, timeZone, close }: { place: Place; timeZone: TimeZone; close: () => void }) {
  const { onAnnotationCreate } = usePanelContext();
  const [description, setDescription] = useState('');
  const [tags, setTags] = useState<string[]>([]);
  const [saving, setSaving] = useState(false);
  const format = (t: number) => dateTimeFormat(t, { timeZone });
  const save = async () => {
    setSaving(true);
    try {
      await onAnnotationCreate?.({ ...place, description, tags });
      close();
    } catch (err) {
      setSaving(false);
      toast('error', 'The annotation was not kept', messageOf(err));
    }
  };
  return (
    <Modal isOpen title="New annotation" onDismiss={close}>
      <p>{format(place.from)}{place.to > place.from ? ` – ${format(place.to)}` : ''}</p>
      <Field label="What happened"><TextArea id="annotation-text" autoFocus rows={3} value={description} onChange={(e) => setDescription(e.currentTarget.value)} /></Field>
      <Field label="Tags"><TagsInput id="annotation-tags" tags={tags} onChange={setTags} placeholder="Write one, then Enter" /></Field>
      <Modal.ButtonRow>
        <Button variant="secondary" fill="outline" onClick={close}>Cancel</Button>
        <Button disabled={!description.trim() || saving} onClick={() => void save()}>Save</Button>
      </Modal.ButtonRow>
    </Modal>
  );
}
