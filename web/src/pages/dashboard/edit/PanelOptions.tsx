/* What a panel is called, what kind it is, and what its kind lets one set. */
import type { DataFrame, DataLink, PanelPlugin } from '@grafana/data';
import { CollapsableSection, Combobox, Field, FilterInput, RadioButtonGroup, Switch } from '@grafana/ui';
import { useState } from 'react';
import { itemsOf, withValue, type Placed } from '../../../editor/items';
import { Line, Lines, NumberLine } from '../../../editor/Line';
import { LinksValue } from '../../../editor/links';
import { kinds } from '../../../panels/load';
import type { PanelJSON } from '../../../model/dashboard';
import type { EditProps } from '../EditPanel';

interface Props extends EditProps {
  plugin: PanelPlugin;
  drawn: DataFrame[];
}

const directions: Array<{ value: 'h' | 'v'; label: string }> = [{ value: 'h', label: 'Horizontal' }, { value: 'v', label: 'Vertical' }];

/** A key with a value, or without the key. */
function having<K extends keyof PanelJSON>(panel: PanelJSON, key: K, value: PanelJSON[K] | undefined): PanelJSON {
  const { [key]: _, ...rest } = panel;
  return (value === undefined ? rest : { ...panel, [key]: value }) as PanelJSON;
}

export function PanelOptions({ scene, panel, change, plugin, drawn }: Props) {
  const [wanted, setWanted] = useState('');
  const found = itemsOf(plugin, panel, drawn).filter(({ item, category }) => `${category} ${item.name} ${item.description ?? ''}`.toLowerCase().includes(wanted.trim().toLowerCase()));
  const categories = [...new Set(found.map((i) => i.category))];
  const known = Object.hasOwn(kinds, panel.type);
  const visualisations = Object.entries(kinds).map(([value, k]) => ({ value, label: k.name }));
  return (
    <>
      <Field label="Visualisation" htmlFor="p-kind"><Combobox id="p-kind" options={known ? visualisations : [...visualisations, { value: panel.type, label: `${panel.type} (not drawn here)` }]} value={panel.type} onChange={(o) => change({ ...panel, type: o.value })} /></Field>
      <Field><FilterInput placeholder="Search options" aria-label="Search options" value={wanted} onChange={setWanted} /></Field>
      {!wanted && <About panel={panel} change={change} variables={(scene.state.model.templating?.list ?? []).filter((v) => v.type !== 'adhoc').map((v) => v.name)} />}
      {categories.map((c, i) => (
        <CollapsableSection key={`${c} ${Boolean(wanted)}`} label={c} isOpen={Boolean(wanted) || i === 0 || c === 'Standard options'}>
          {found.filter((p) => p.category === c).map((p) => <One key={`${p.root} ${p.item.id}`} placed={p} panel={panel} change={change} drawn={drawn} />)}
        </CollapsableSection>
      ))}
      {wanted && !found.length && <p>No option of this kind of panel is called that.</p>}
    </>
  );
}

function One({ placed: { item, root, value }, panel, change, drawn }: { placed: Placed; panel: PanelJSON; change: (p: PanelJSON) => void; drawn: DataFrame[] }) {
  const Editor = item.editor;
  const id = `${root}-${item.id}`;
  return (
    <Field label={item.name} description={item.description} htmlFor={id}>
      <Editor id={id} item={item} value={value} onChange={(v: unknown) => change(withValue(panel, root, item.path, v))} context={{ data: drawn, options: panel.options }} />
    </Field>
  );
}

function About({ panel, change, variables }: { panel: PanelJSON; change: (p: PanelJSON) => void; variables: string[] }) {
  const sideways = panel.repeatDirection !== 'v';
  return (
    <CollapsableSection label="Panel options" isOpen>
      <Field label="Title" htmlFor="p-title"><Line id="p-title" value={panel.title} onDone={(title) => change({ ...panel, title })} /></Field>
      <Field label="Description" htmlFor="p-desc"><Lines id="p-desc" value={panel.description} onDone={(d) => change(having(panel, 'description', d || undefined))} /></Field>
      <Field label="Transparent background"><Switch aria-label="Transparent background" value={Boolean(panel.transparent)} onChange={(e) => change(having(panel, 'transparent', e.currentTarget.checked || undefined))} /></Field>
      <CollapsableSection label={`Panel links${panel.links?.length ? ` (${panel.links.length})` : ''}`} isOpen={false}>
        <LinksValue value={panel.links} hint="$variable, ${__url_time_range}, ${__all_variables}" onChange={(l: DataLink[] | undefined) => change(having(panel, 'links', l))} />
      </CollapsableSection>
      <CollapsableSection label="Repeat" isOpen={Boolean(panel.repeat)}>
        <Field label="For each value of" htmlFor="p-repeat"><Combobox id="p-repeat" isClearable placeholder="no variable" options={[...new Set([...variables, ...(panel.repeat ? [panel.repeat] : [])])].map((v) => ({ value: v, label: `$${v}` }))} value={panel.repeat ?? null} onChange={(o) => change(having(panel, 'repeat', o?.value))} /></Field>
        {panel.repeat && <Field label="Direction"><RadioButtonGroup value={panel.repeatDirection ?? 'h'} options={directions} onChange={(repeatDirection) => change({ ...panel, repeatDirection })} /></Field>}
        {panel.repeat && sideways && <Field label="In a row at most" htmlFor="p-perrow"><NumberLine id="p-perrow" min={1} max={24} value={panel.maxPerRow ?? 4} onDone={(n) => change(having(panel, 'maxPerRow', n))} /></Field>}
      </CollapsableSection>
    </CollapsableSection>
  );
}
