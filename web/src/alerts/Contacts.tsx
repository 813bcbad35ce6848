/* Contact points of a Grafana workspace: who is told, by what, and which of them gets what no policy sends elsewhere. */
import { Badge, Button, Checkbox, Field, Input, Select, Stack, TextArea } from '@grafana/ui';
import { useState } from 'react';
import { deleteContact, getPolicies, listContacts, putContact, putPolicies, testContact, type ContactPoint } from '../api/alerting';
import { Modal } from '../components/Modal';
import { Act, DeleteByName, Failure, Nothing, Rows, Shown } from '../console/parts';
import { useAsync } from '../lib/useAsync';
import { AlertsPage } from './around';
import { contactKinds, filled, isKept, lacking, leadsTo, type Setting } from './contacts';
import { useAlertSource } from './source';

export function ContactPoints() {
  return <AlertsPage title="Contact points" at="/alerts/contacts"><List /></AlertsPage>;
}

const read = async () => {
  const [points, policies] = await Promise.all([listContacts(), getPolicies()]);
  return { points, policies };
};

const fresh: ContactPoint = { name: '', type: 'sns', settings: {} };

function List() {
  const { readOnly } = useAlertSource();
  const found = useAsync(read, []);
  const [open, setOpen] = useState<ContactPoint>();
  const [doomed, setDoomed] = useState<ContactPoint>();
  return (
    <>
      <div><Button size="sm" icon="plus" disabled={readOnly !== ''} tooltip={readOnly} onClick={() => setOpen(fresh)}>New contact point</Button></div>
      <Shown of={found} what="the contact points">
        {({ points, policies }) => points.length ? (
          <Rows label="Contact points" rows={points} id={(c) => c.uid ?? c.name} columns={[
            { head: 'Name', cell: (c) => <Stack alignItems="center" gap={1}><span>{c.name}</span>{c.name === policies.receiver && <Badge text="default" color="blue" />}</Stack> },
            { head: 'Type', cell: (c) => contactKinds[c.type]?.label ?? c.type },
            { head: 'Leads to', wide: true, cell: (c) => <code>{leadsTo(c.type, c.settings)}</code> },
            {
              head: 'Actions', cell: (c) => readOnly ? <span title={readOnly}>–</span> : c.provenance ? (
                <Stack gap={1} wrap="wrap" alignItems="center"><Test of={c} /><span title="It is changed where it was made.">made by {c.provenance === 'file' ? 'a file' : 'a program'}</span></Stack>
              ) : (
                <Stack gap={1} wrap="wrap">
                  <Test of={c} />
                  <Button size="sm" variant="secondary" onClick={() => setOpen(c)}>Edit</Button>
                  {c.name !== policies.receiver && <Act done={`${c.name} is the default now`} fails="The default was not changed" does={() => putPolicies({ ...policies, receiver: c.name }).then(found.again)}>Make default</Act>}
                  <Button size="sm" variant="secondary" icon="trash-alt" onClick={() => setDoomed(c)}>Delete</Button>
                </Stack>
              ),
            },
          ]} />
        ) : <Nothing title="There are no contact points: alerts of this Grafana workspace reach nobody.">An SNS topic whose name begins with grafana takes them as they are; its subscribers are told.</Nothing>}
      </Shown>
      {open && found.state === 'done' && <Form of={open} first={!found.value.points.length} onClose={() => setOpen(undefined)} done={() => { setOpen(undefined); found.again(); }} />}
      {doomed && <DeleteByName what="contact point" name={doomed.name} note="Whom it led to is told no more." onDelete={() => deleteContact(doomed.uid ?? '').then(found.again)} onClose={() => setDoomed(undefined)} />}
    </>
  );
}

function Test({ of }: { of: ContactPoint }) {
  return <Act done={`A test alert was sent to ${of.name}`} fails="The test alert was not sent" does={() => testContact(of)}>Test</Act>;
}

const kinds = Object.entries(contactKinds).map(([value, { label }]) => ({ label, value }));

function Form({ of, first, onClose, done }: { of: ContactPoint; first: boolean; onClose: () => void; done: () => void }) {
  const [c, setC] = useState(of);
  const [standard, setStandard] = useState(first);
  const [error, setError] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  const missing = [...(c.name.trim() ? [] : ['Name']), ...lacking(c.type, c.settings)];
  const set = (key: string, value: string) => setC({ ...c, settings: { ...c.settings, [key]: value } });
  const save = async () => {
    setBusy(true);
    setError(undefined);
    try {
      await putContact({ ...c, name: c.name.trim(), settings: filled(c.settings) });
      if (standard) {
        await putPolicies({ ...(await getPolicies()), receiver: c.name.trim() });
      }
      done();
    } catch (err) {
      setError(err);
      setBusy(false);
    }
  };
  return (
    <Modal title={of.uid ? `Contact point ${of.name}` : 'New contact point'} isOpen onDismiss={onClose}>
      <form onSubmit={(e) => { e.preventDefault(); void save(); }}>
        <Field label="Name" htmlFor="contact-name"><Input id="contact-name" autoFocus value={c.name} placeholder="grafana-notification" onChange={(e) => setC({ ...c, name: e.currentTarget.value })} /></Field>
        <Field label="Type" htmlFor="contact-type"><Select inputId="contact-type" options={kinds} value={c.type} onChange={(o) => o.value && setC({ ...c, type: o.value, settings: {} })} /></Field>
        {(contactKinds[c.type]?.settings ?? []).map((s) => <One key={s.key} s={s} value={c.settings[s.key]} set={(v) => set(s.key, v)} />)}
        <Field><Checkbox label="Tells nothing when an alert is over" value={c.disableResolveMessage ?? false} onChange={(e) => setC({ ...c, disableResolveMessage: e.currentTarget.checked })} /></Field>
        {!of.uid && <Field><Checkbox label="Gets what no policy sends elsewhere (default)" value={standard} onChange={(e) => setStandard(e.currentTarget.checked)} /></Field>}
        {error !== undefined && <Failure error={error} title="It was not saved" />}
        <Modal.ButtonRow><Button type="button" variant="secondary" onClick={onClose}>Cancel</Button><Button type="submit" disabled={busy || missing.length > 0} tooltip={missing.length ? `Still to be written: ${missing.join(', ')}` : undefined}>Save</Button></Modal.ButtonRow>
      </form>
    </Modal>
  );
}

function One({ s, value, set }: { s: Setting; value: unknown; set: (v: string) => void }) {
  const id = `contact-${s.key}`;
  const kept = isKept(value);
  const text = kept || value === undefined ? '' : String(value);
  return (
    <Field label={s.optional ? `${s.label} (optional)` : s.label} htmlFor={id}>
      {s.long ? <TextArea id={id} rows={2} value={text} placeholder={s.example} onChange={(e) => set(e.currentTarget.value)} /> : <Input id={id} type={s.secret ? 'password' : 'text'} autoComplete="off" value={text} placeholder={kept ? 'kept; write another to replace it' : s.example} onChange={(e) => set(e.currentTarget.value)} />}
    </Field>
  );
}
