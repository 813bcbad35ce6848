/* A row's options, and its end. */
import { Button, Combobox, Field, Input } from '@grafana/ui';
import { useState } from 'react';
import { Modal } from '../../components/Modal';
import type { PanelJSON } from '../../model/dashboard';

interface OptionsProps {
  row: PanelJSON;
  /** Names of the variables it can be repeated for. */
  variables: string[];
  change: (row: PanelJSON) => void;
  close: () => void;
}

export function RowOptions({ row, variables, change, close }: OptionsProps) {
  const [title, setTitle] = useState(row.title ?? '');
  const [repeat, setRepeat] = useState(row.repeat);
  const done = () => {
    const { repeat: _, ...rest } = row;
    change({ ...rest, title: title.trim(), ...(repeat ? { repeat } : {}) } as PanelJSON);
    close();
  };
  return (
    <Modal title="Row options" isOpen onDismiss={close}>
      <form onSubmit={(e) => { e.preventDefault(); done(); }}>
        <Field label="Title" htmlFor="r-title"><Input id="r-title" value={title} onChange={(e) => setTitle(e.currentTarget.value)} autoFocus /></Field>
        <Field label="For each value of" description="The row and its panels are there once for each" htmlFor="r-repeat"><Combobox id="r-repeat" isClearable placeholder="no variable" options={[...new Set([...variables, ...(repeat ? [repeat] : [])])].map((v) => ({ value: v, label: `$${v}` }))} value={repeat ?? null} onChange={(o) => setRepeat(o?.value)} /></Field>
        <Modal.ButtonRow><Button variant="secondary" type="button" onClick={close}>Cancel</Button><Button type="submit">Update</Button></Modal.ButtonRow>
      </form>
    </Modal>
  );
}

/** Asks whether the panels of a row go with it. */
export function RowEnd({ row, panels, remove, close }: { row: PanelJSON; panels: number; remove: (withPanels: boolean) => void; close: () => void }) {
  const end = (withPanels: boolean) => {
    remove(withPanels);
    close();
  };
  return (
    <Modal title={`Remove the row ${row.title ?? ''}`} isOpen onDismiss={close}>
      <p>{panels === 1 ? 'There is 1 panel in it.' : `There are ${panels} panels in it.`}</p>
      <Modal.ButtonRow>
        <Button variant="secondary" onClick={close}>Cancel</Button>
        {panels > 0 && <Button variant="destructive" onClick={() => end(true)}>Remove the row and its panels</Button>}
        <Button variant={panels ? 'secondary' : 'destructive'} onClick={() => end(false)}>{panels ? 'Remove the row alone' : 'Remove the row'}</Button>
      </Modal.ButtonRow>
    </Modal>
  );
}
