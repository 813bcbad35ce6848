import { Button, Combobox, Field, RadioButtonGroup, Stack, Switch, TagsInput } from '@grafana/ui';
import { registry } from '../../../boot/runtime';
import { Color } from '../../../editor/color';
import { Line, NumberLine } from '../../../editor/Line';
import { Rows } from '../../../editor/Rows';
import { record, sourceUid, type AnnotationJSON, type DashboardJSON } from '../../../model/dashboard';
import type { SettingsProps } from '../Settings';
import { PickSeveral } from '../../../editor/Pick';

const grafana = '-- Grafana --';
const uidOf = (a: AnnotationJSON) => sourceUid(a.datasource);
const isBuiltIn = (a: AnnotationJSON) => Boolean(a.builtIn) || uidOf(a) === grafana || uidOf(a) === 'grafana';

/** Marks on the charts: kept in Hearth, or made by a query. */
export function Annotations({ model, change }: SettingsProps) {
  const all = model.annotations?.list ?? [];
  const put = (list: AnnotationJSON[]) => change({ ...model, annotations: { ...model.annotations, list } });
  const add = () => {
    const source = registry.first();
    put([...all, { name: `Annotation ${all.length + 1}`, enable: true, iconColor: 'red', datasource: source ? { type: source.type, uid: source.uid } : null, expr: '' }]);
  };
  return (
    <>
      {!all.length && <p>Annotations mark moments on all charts of the dashboard: where an expression is not 0, or what people noted down.</p>}
      <Rows label="Annotations" closed items={all} change={put} name={(a) => a.name} head={(a) => <small>{[isBuiltIn(a) ? 'kept in Hearth' : String(a.expr ?? record(a.target).expr ?? ''), a.enable === false && 'off'].filter(Boolean).join(' · ')}</small>}>
        {(a, set) => <Form annotation={a} set={set} model={model} />}
      </Rows>
      <Button icon="plus" variant="secondary" onClick={add}>Add annotation query</Button>
    </>
  );
}

function Form({ annotation: a, set, model }: { annotation: AnnotationJSON; set: (a: AnnotationJSON) => void; model: DashboardJSON }) {
  const more = (x: Partial<AnnotationJSON>) => set({ ...a, ...x });
  const sources = [{ value: grafana, label: 'Kept in Hearth' }, ...registry.getList().map((d) => ({ value: d.uid, label: d.name }))];
  const choose = (uid: string) => more({ datasource: uid === grafana ? { type: 'datasource', uid } : { type: registry.getInstanceSettings(uid)?.type, uid } });
  return (
    <>
      <Field label="Name" htmlFor="a-name"><Line id="a-name" value={a.name} onDone={(name) => name.trim() && more({ name })} /></Field>
      {!a.builtIn && <Field label="Data source" htmlFor="a-ds"><Combobox id="a-ds" options={sources.some((s) => s.value === uidOf(a)) || !uidOf(a) ? sources : [...sources, { value: uidOf(a), label: uidOf(a) }]} value={uidOf(a) || null} onChange={(o) => choose(o.value)} /></Field>}
      <Stack gap={3}>
        <Field label="Enabled"><Switch aria-label="Enabled" value={a.enable !== false} onChange={(e) => more({ enable: e.currentTarget.checked })} /></Field>
        <Field label="Without a switch"><Switch aria-label="Without a switch" value={Boolean(a.hide)} onChange={(e) => more({ hide: e.currentTarget.checked })} /></Field>
        <Field label="Colour"><Color label="Colour of the annotation" value={a.iconColor} onChange={(iconColor) => more({ iconColor })} /></Field>
      </Stack>
      <Panels annotation={a} more={more} model={model} />
      {isBuiltIn(a) ? <Noted annotation={a} more={more} /> : <Asked annotation={a} more={more} />}
    </>
  );
}

type Part = { annotation: AnnotationJSON; more: (x: Partial<AnnotationJSON>) => void };

function Panels({ annotation: a, more, model }: Part & { model: DashboardJSON }) {
  const mode = !a.filter?.ids.length && !a.filter ? 'all' : a.filter?.exclude ? 'except' : 'these';
  const panels = (model.panels ?? []).flatMap((p) => [p, ...(p.panels ?? [])]).filter((p) => p.type !== 'row').map((p) => ({ value: String(p.id), label: p.title || `Panel ${p.id}` }));
  const choose = (m: string) => more({ filter: m === 'all' ? undefined : { exclude: m === 'except', ids: a.filter?.ids ?? [] } });
  return (
    <>
      <Field label="Shown in"><RadioButtonGroup value={mode} options={[{ value: 'all', label: 'All panels' }, { value: 'these', label: 'These' }, { value: 'except', label: 'All but these' }]} onChange={choose} /></Field>
      {a.filter && <Field label="Panels"><PickSeveral label="Panels" options={panels} value={a.filter.ids.map(String)} onChange={(all) => more({ filter: { ...a.filter, ids: all.map((o) => Number(o.value)) } })} /></Field>}
    </>
  );
}

/** The query and what its answer is shown as. Where the query stands, there it stays: of old it is the annotation's own. */
function Asked({ annotation: a, more }: Part) {
  const target = a.target && a.expr === undefined ? a.target : undefined;
  const expr = String((target ? target.expr : a.expr) ?? '');
  const step = String((target ? target.interval : a.step) ?? '');
  return (
    <>
      <Field label="Query" description="There is an annotation where its value is not 0" htmlFor="a-expr"><Line id="a-expr" placeholder="changes(process_start_time_seconds[1m]) > 0" value={expr} onDone={(t) => more(target ? { target: { ...target, expr: t } } : { expr: t })} /></Field>
      <Field label="Step" htmlFor="a-step"><Line id="a-step" placeholder="60s" value={step} onDone={(t) => more(target ? { target: { ...target, interval: t || undefined } } : { step: t || undefined })} /></Field>
      <Field label="Title" description="{{label}} is the value of a label" htmlFor="a-title"><Line id="a-title" value={String(a.titleFormat ?? '')} onDone={(titleFormat) => more({ titleFormat })} /></Field>
      <Field label="Text" htmlFor="a-text"><Line id="a-text" value={String(a.textFormat ?? '')} onDone={(textFormat) => more({ textFormat })} /></Field>
      <Field label="Labels as tags" description="Separated by commas" htmlFor="a-tags"><Line id="a-tags" value={String(a.tagKeys ?? '')} onDone={(tagKeys) => more({ tagKeys })} /></Field>
    </>
  );
}

/** Which of the annotations that people and alerts made. */
function Noted({ annotation: a, more }: Part) {
  const target = record(a.target);
  const put = (x: Record<string, unknown>) => more({ target: { limit: 100, matchAny: false, tags: [], type: 'dashboard', ...target, ...x } });
  const byTags = target.type === 'tags';
  return (
    <>
      <Field label="Which"><RadioButtonGroup value={byTags ? 'tags' : 'dashboard'} options={[{ value: 'dashboard', label: "This dashboard's" }, { value: 'tags', label: 'With tags' }]} onChange={(type) => put({ type })} /></Field>
      {byTags && <Field label="Tags"><TagsInput tags={Array.isArray(target.tags) ? target.tags.map(String) : []} onChange={(tags) => put({ tags })} /></Field>}
      {byTags && <Field label="Any of them is enough"><Switch aria-label="Any of them is enough" value={Boolean(target.matchAny)} onChange={(e) => put({ matchAny: e.currentTarget.checked })} /></Field>}
      <Field label="At most" htmlFor="a-limit"><NumberLine id="a-limit" min={1} max={1000} width={16} value={Number(target.limit ?? 100)} onDone={(limit) => put({ limit: limit ?? 100 })} /></Field>
    </>
  );
}
