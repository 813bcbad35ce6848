import { Combobox, Field, RadioButtonGroup, Switch, TagsInput } from '@grafana/ui';
import { Line, Lines } from '../../../editor/Line';
import type { DashboardJSON } from '../../../model/dashboard';
import type { SettingsProps } from '../Settings';

/** All zones this browser knows, after the two that are none. */
function zones(own: string | undefined) {
  const known = typeof Intl.supportedValuesOf === 'function' ? Intl.supportedValuesOf('timeZone') : [];
  const all = [{ value: 'browser', label: "The browser's" }, { value: 'utc', label: 'UTC' }, ...known.map((z) => ({ value: z, label: z }))];
  return own && !all.some((o) => o.value === own) ? [...all, { value: own, label: own }] : all;
}

const weekdays = [{ value: '', label: "The browser's" }, { value: 'monday', label: 'Monday' }, { value: 'saturday', label: 'Saturday' }, { value: 'sunday', label: 'Sunday' }];

export function General({ model, change }: SettingsProps) {
  const set = (more: Partial<DashboardJSON>) => change({ ...model, ...more });
  const picker = model.timepicker ?? {};
  return (
    <>
      <Field label="Title" htmlFor="s-title"><Line id="s-title" value={model.title} onDone={(title) => title.trim() && set({ title })} /></Field>
      <Field label="Description" htmlFor="s-text"><Lines id="s-text" value={model.description} onDone={(description) => set({ description })} /></Field>
      <Field label="Tags" htmlFor="s-tags"><TagsInput id="s-tags" tags={model.tags ?? []} onChange={(tags) => set({ tags })} /></Field>
      <Field label="Time zone" htmlFor="s-zone"><Combobox id="s-zone" options={zones(model.timezone)} value={model.timezone || 'browser'} onChange={(o) => set({ timezone: o.value })} /></Field>
      <Field label="Week starts on" htmlFor="s-week"><Combobox id="s-week" options={weekdays} value={model.weekStart ?? ''} onChange={(o) => set({ weekStart: o.value })} /></Field>
      <Field label="Refresh by itself" description="5s, 1m; empty: never" htmlFor="s-refresh"><Line id="s-refresh" value={typeof model.refresh === 'string' ? model.refresh : ''} onDone={(refresh) => set({ refresh })} /></Field>
      <Field label="Choices of refresh" description="Separated by commas" htmlFor="s-intervals"><Line id="s-intervals" placeholder="5s,10s,30s,1m,5m,15m,30m,1h,2h,1d" value={(picker.refresh_intervals ?? []).join(',')} onDone={(t) => set({ timepicker: { ...picker, refresh_intervals: t.trim() ? t.split(',').map((x) => x.trim()).filter(Boolean) : undefined } })} /></Field>
      <Field label="Now is later by" description="1m: for data that comes late" htmlFor="s-delay"><Line id="s-delay" value={picker.nowDelay} onDone={(nowDelay) => set({ timepicker: { ...picker, nowDelay: nowDelay || undefined } })} /></Field>
      <Field label="Time picker is hidden"><Switch aria-label="Time picker is hidden" value={Boolean(picker.hidden)} onChange={(e) => set({ timepicker: { ...picker, hidden: e.currentTarget.checked || undefined } })} /></Field>
      <Field label="Panels show the cursor of each other"><RadioButtonGroup value={model.graphTooltip ?? 0} options={[{ value: 0, label: 'Off' }, { value: 1, label: 'Crosshair' }, { value: 2, label: 'Tooltip' }]} onChange={(graphTooltip) => set({ graphTooltip })} /></Field>
    </>
  );
}
