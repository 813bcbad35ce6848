import { Button, Combobox, Field, InlineField, InlineSwitch, RadioButtonGroup, Stack, TagsInput } from '@grafana/ui';
import { Line } from '../../../editor/Line';
import { Rows } from '../../../editor/Rows';
import type { DashboardLink } from '../../../model/dashboard';
import type { SettingsProps } from '../Settings';

const icons = ['external link', 'dashboard', 'question', 'info', 'bolt', 'doc', 'cloud'].map((value) => ({ value, label: value }));
const kinds = [{ value: 'link', label: 'Link' }, { value: 'dashboards', label: 'Dashboards with tags' }];

/** What stands above the panels: addresses, and the dashboards with some tags. */
export function DashboardLinks({ model, change }: SettingsProps) {
  const links = model.links ?? [];
  const put = (next: DashboardLink[]) => change({ ...model, links: next });
  return (
    <>
      {!links.length && <p>Links stand above the panels: to an address, or to all dashboards that have some tags.</p>}
      <Rows label="Dashboard links" closed open={links.length === 1 && !links[0].title ? 0 : undefined} items={links} change={put} name={(l, i) => l.title || l.url || `Link ${i + 1}`} head={(l) => <small>{l.type === 'dashboards' ? (l.tags ?? []).join(', ') : l.url}</small>}>
        {(l, set) => <Form link={l} set={set} />}
      </Rows>
      <Button icon="plus" variant="secondary" onClick={() => put([...links, { type: 'link', title: '', url: '', icon: 'external link', tags: [], asDropdown: false, includeVars: false, keepTime: false, targetBlank: false, tooltip: '' }])}>Add link</Button>
    </>
  );
}

function Form({ link: l, set }: { link: DashboardLink; set: (l: DashboardLink) => void }) {
  const more = (x: Partial<DashboardLink>) => set({ ...l, ...x });
  const flag = (key: 'asDropdown' | 'includeVars' | 'keepTime' | 'targetBlank', label: string) => (
    <InlineField label={label} transparent><InlineSwitch aria-label={label} transparent value={Boolean(l[key])} onChange={(e) => more({ [key]: e.currentTarget.checked })} /></InlineField>
  );
  const byTag = l.type === 'dashboards';
  return (
    <>
      <Field label="Type"><RadioButtonGroup value={l.type ?? 'link'} options={kinds} onChange={(type) => more({ type })} /></Field>
      <Field label="Title" htmlFor="dl-title"><Line id="dl-title" value={l.title} onDone={(title) => more({ title })} /></Field>
      {byTag ? (
        <Field label="Tags" htmlFor="dl-tags"><TagsInput id="dl-tags" tags={l.tags ?? []} onChange={(tags) => more({ tags })} /></Field>
      ) : (
        <>
          <Field label="URL" description="$variable is filled in" htmlFor="dl-url"><Line id="dl-url" placeholder="https://…" value={l.url} onDone={(url) => more({ url })} /></Field>
          <Field label="Tooltip" htmlFor="dl-tip"><Line id="dl-tip" value={l.tooltip} onDone={(tooltip) => more({ tooltip })} /></Field>
          <Field label="Icon" htmlFor="dl-icon"><Combobox id="dl-icon" options={icons} value={l.icon || 'external link'} onChange={(o) => more({ icon: o.value })} /></Field>
        </>
      )}
      <Stack gap={1} wrap="wrap">{byTag && flag('asDropdown', 'As a list')}{flag('keepTime', 'With the time range')}{flag('includeVars', 'With the variables')}{flag('targetBlank', 'New tab')}</Stack>
    </>
  );
}
