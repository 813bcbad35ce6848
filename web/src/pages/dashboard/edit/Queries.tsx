/* The questions a panel asks. */
import { css } from '@emotion/css';
import type { GrafanaTheme2 } from '@grafana/data';
import { Button, CollapsableSection, Combobox, Field, IconButton, Select, Stack, Switch, useStyles2 } from '@grafana/ui';
import { useState } from 'react';
import { registry } from '../../../boot/runtime';
import { Legend } from '../../../components/Legend';
import { PromEditor } from '../../../components/PromEditor';
import { PrometheusSource } from '../../../datasource/prometheus';
import { Line, NumberLine } from '../../../editor/Line';
import { freeLetter } from '../../../lib/letters';
import { useAsync } from '../../../lib/useAsync';
import { number, sourceUid, type PanelJSON, type Target } from '../../../model/dashboard';
import type { EditProps } from '../EditPanel';

/** Data sources by name; one that is not there is offered as it is written. */
function sources(uid: string) {
  const all = registry.getList().map((d) => ({ value: d.uid, label: d.name }));
  return uid && !all.some((o) => o.value === uid) ? [...all, { value: uid, label: uid }] : all;
}

export function Queries({ panel, change }: EditProps) {
  const targets = panel.targets ?? [];
  const setTargets = (next: Target[]) => change({ ...panel, targets: next });
  const uid = sourceUid(panel.datasource);
  const letter = freeLetter(targets);
  /** A data source for the panel is one for its queries, unless they have one each. */
  const choose = (value: string) => {
    const ref = { type: registry.getInstanceSettings(value)?.type, uid: value };
    change({ ...panel, datasource: ref, targets: targets.map((t) => (t.datasource && sourceUid(t.datasource) === uid ? { ...t, datasource: ref } : t) as Target) });
  };
  return (
    <section aria-label="Queries">
      <Field label="Data source" htmlFor="p-ds"><Combobox id="p-ds" options={sources(uid)} value={uid || (registry.first()?.uid ?? null)} onChange={(o) => choose(o.value)} width={40} /></Field>
      {targets.map((t, i) => (
        <Query key={t.refId} target={t} uid={sourceUid(t.datasource) || uid} change={(next) => setTargets(targets.map((x, j) => (j === i ? next : x)))} remove={() => setTargets(targets.filter((_, j) => j !== i))} copy={() => setTargets([...targets, { ...structuredClone(t), refId: letter }])} />
      ))}
      <Button icon="plus" variant="secondary" onClick={() => setTargets([...targets, { refId: letter, expr: '' }])}>Add query</Button>
      <QueryOptions panel={panel} change={change} />
    </section>
  );
}

function QueryOptions({ panel, change }: { panel: PanelJSON; change: (p: PanelJSON) => void }) {
  const set = (key: 'maxDataPoints' | 'interval' | 'timeFrom' | 'timeShift', value: string | number | undefined) => {
    const { [key]: _, ...rest } = panel;
    change((value === undefined || value === '' ? rest : { ...panel, [key]: value }) as PanelJSON);
  };
  return (
    <CollapsableSection label="Query options" isOpen={Boolean(panel.timeFrom || panel.timeShift || panel.interval || panel.maxDataPoints)}>
      <Stack wrap="wrap" gap={2}>
        <Field label="Max data points" description="Empty: the panel's width" htmlFor="q-max"><NumberLine id="q-max" width={20} min={1} placeholder="auto" value={number(panel.maxDataPoints)} onDone={(n) => set('maxDataPoints', n)} /></Field>
        <Field label="Min interval" description="Least step of all queries" htmlFor="q-min"><Line id="q-min" width={20} placeholder="15s" value={panel.interval ?? ''} onDone={(t) => set('interval', t)} /></Field>
        <Field label="Relative time" description="A range of its own" htmlFor="q-from"><Line id="q-from" width={20} placeholder="1h" value={panel.timeFrom ?? ''} onDone={(t) => set('timeFrom', t)} /></Field>
        <Field label="Time shift" description="How much earlier" htmlFor="q-shift"><Line id="q-shift" width={20} placeholder="1d" value={panel.timeShift ?? ''} onDone={(t) => set('timeShift', t)} /></Field>
      </Stack>
    </CollapsableSection>
  );
}

const formats = [{ value: 'time_series', label: 'Time series' }, { value: 'table', label: 'Table' }, { value: 'heatmap', label: 'Heatmap' }];
const kinds = [{ value: 'range', label: 'Range' }, { value: 'instant', label: 'Instant' }, { value: 'both', label: 'Both' }];

interface QueryProps {
  target: Target;
  uid: string;
  change: (t: Target) => void;
  remove: () => void;
  copy: () => void;
}

function Query({ target: t, uid, change, remove, copy }: QueryProps) {
  const s = useStyles2(styles);
  const [text, setText] = useState(String(t.expr ?? ''));
  const source = useAsync(() => registry.get(uid && !uid.startsWith('$') && !uid.startsWith('--') ? uid : null), [uid]);
  const prom = source.state === 'done' && source.value instanceof PrometheusSource ? source.value : undefined;
  const run = () => text !== (t.expr ?? '') && change({ ...t, expr: text });
  const put = (more: Partial<Target>) => change({ ...t, expr: text, ...more } as Target);
  const kind = t.instant ? (t.range ? 'both' : 'instant') : 'range';
  const id = (name: string) => `${name}-${t.refId}`;
  return (
    <div className={s.query} onBlur={run}>
      <Stack alignItems="center" justifyContent="space-between">
        <strong className={s.ref}>{t.refId}</strong>
        <Stack>
          <IconButton name="copy" aria-label={`Duplicate query ${t.refId}`} onClick={copy} />
          <IconButton name={t.hide ? 'eye-slash' : 'eye'} aria-label={t.hide ? `Show query ${t.refId}` : `Hide query ${t.refId}`} onClick={() => put({ hide: !t.hide })} />
          <IconButton name="trash-alt" aria-label={`Delete query ${t.refId}`} onClick={remove} />
        </Stack>
      </Stack>
      <PromEditor value={text} source={prom} onChange={setText} onRun={run} label={`Query ${t.refId}`} />
      <Stack wrap="wrap" gap={2}>
        <Field label="Legend" htmlFor={id('legend')}><Legend id={id('legend')} value={String(t.legendFormat ?? '')} set={(v) => put({ legendFormat: v || undefined })} /></Field>
        <Field label="Min step" htmlFor={id('i')}><Line id={id('i')} placeholder="auto" value={String(t.interval ?? '')} onDone={(v) => put({ interval: v || undefined })} width={12} /></Field>
        <Field label="Format" htmlFor={id('f')}><Select inputId={id('f')} width={18} options={formats} value={String(t.format ?? 'time_series')} onChange={(o) => put({ format: o.value })} /></Field>
        <Field label="Type" htmlFor={id('t')}><Select inputId={id('t')} width={14} options={kinds} value={kind} onChange={(o) => put({ instant: o.value !== 'range', range: o.value !== 'instant' })} /></Field>
        {kind !== 'instant' && <Field label="Exemplars" htmlFor={id('x')}><Switch id={id('x')} value={Boolean(t.exemplar)} onChange={(e) => put({ exemplar: e.currentTarget.checked || undefined })} /></Field>}
      </Stack>
    </div>
  );
}

const styles = (t: GrafanaTheme2) => ({
  query: css({ padding: t.spacing(1.5), background: t.colors.background.primary, border: `1px solid ${t.colors.border.weak}`, borderRadius: t.shape.radius.default, marginBottom: t.spacing(1), display: 'flex', flexDirection: 'column', gap: t.spacing(1), '& > div:last-child > *': { marginBottom: 0 } }),
  ref: css({ color: t.colors.primary.text }),
});
