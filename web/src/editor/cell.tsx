/* What the cells of a table's column look like. */
import { css } from '@emotion/css';
import type { StandardEditorProps } from '@grafana/data';
import { Field, RadioButtonGroup, Select, Switch } from '@grafana/ui';
import { Line } from './Line';

interface Cell {
  type?: string;
  mode?: string;
  valueDisplayMode?: string;
  applyToRow?: boolean;
  alt?: string;
  title?: string;
}

const types = [
  ['auto', 'Auto'], ['color-text', 'Colored text'], ['color-background', 'Colored background'], ['gauge', 'Gauge'], ['sparkline', 'Sparkline'],
  ['data-links', 'Data links'], ['json-view', 'JSON'], ['pill', 'Pill'], ['markdown', 'Markdown'], ['image', 'Image'],
].map(([value, label]) => ({ value, label }));

const gauges = [{ value: 'basic', label: 'Basic' }, { value: 'gradient', label: 'Gradient' }, { value: 'lcd', label: 'Retro LCD' }];
const backgrounds = gauges.slice(0, 2);
const values = [{ value: 'color', label: 'Value color' }, { value: 'text', label: 'Text color' }, { value: 'hidden', label: 'Hidden' }];

const below = css({ marginTop: 8 });

/** The kind of a cell, and what can be said about a cell of that kind. What belongs to no kind here is kept. */
export function CellValue({ value, onChange, id }: StandardEditorProps<Cell | undefined>) {
  const cell = value ?? {};
  const { type = 'auto' } = cell;
  const put = (more: Cell) => onChange({ type, ...cell, ...more });
  const own = types.some((t) => t.value === type) ? types : [...types, { value: type, label: type }];
  return (
    <>
      <Select inputId={id} aria-label="Cell type" value={type} options={own} onChange={(o) => onChange({ type: o.value })} />
      {type === 'gauge' && (
        <>
          <Field label="Gauge display mode" className={below}><RadioButtonGroup fullWidth value={cell.mode ?? 'gradient'} options={gauges} onChange={(mode) => put({ mode })} /></Field>
          <Field label="Value display"><RadioButtonGroup fullWidth value={cell.valueDisplayMode ?? 'text'} options={values} onChange={(valueDisplayMode) => put({ valueDisplayMode })} /></Field>
        </>
      )}
      {type === 'color-background' && (
        <>
          <Field label="Background display mode" className={below}><RadioButtonGroup fullWidth value={cell.mode ?? 'gradient'} options={backgrounds} onChange={(mode) => put({ mode })} /></Field>
          <Field label="Apply to entire row"><Switch value={Boolean(cell.applyToRow)} onChange={(e) => put({ applyToRow: e.currentTarget.checked })} /></Field>
        </>
      )}
      {type === 'image' && (
        <>
          <Field label="Alt text" className={below}><Line value={cell.alt} onDone={(alt) => put({ alt: alt || undefined })} /></Field>
          <Field label="Title text"><Line value={cell.title} onDone={(title) => put({ title: title || undefined })} /></Field>
        </>
      )}
    </>
  );
}
