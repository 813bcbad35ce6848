/* Links of a panel, and of the values in it. */
import type { DataLink } from '@grafana/data';
import { Button, Field, InlineField, InlineSwitch } from '@grafana/ui';
import { Line } from './Line';
import { Rows } from './Rows';

interface Props {
  value: DataLink[] | undefined;
  onChange: (l: DataLink[] | undefined) => void;
  /** What the address may contain. */
  hint?: string;
}

const dataHint = '${__value.text}, ${__field.labels.instance}, ${__url_time_range}, $variable';

export function LinksValue({ value, onChange, hint = dataHint }: Props) {
  const links = value ?? [];
  return (
    <>
      <Rows label="Links" items={links} change={(l) => onChange(l.length ? l : undefined)} name={(l, i) => l.title || `Link ${i + 1}`}>
        {(link, set, i) => (
          <>
            <Field label="Title" htmlFor={`link-title-${i}`}><Line id={`link-title-${i}`} value={link.title} onDone={(title) => set({ ...link, title })} /></Field>
            <Field label="URL" description={hint} htmlFor={`link-url-${i}`}><Line id={`link-url-${i}`} placeholder="https://…" value={link.url} onDone={(url) => set({ ...link, url })} /></Field>
            <InlineField label="New tab" htmlFor={`link-tab-${i}`} transparent><InlineSwitch id={`link-tab-${i}`} transparent value={Boolean(link.targetBlank)} onChange={(e) => set({ ...link, targetBlank: e.currentTarget.checked || undefined })} /></InlineField>
          </>
        )}
      </Rows>
      <Button type="button" size="sm" variant="secondary" icon="plus" onClick={() => onChange([...links, { title: '', url: '' }])}>Add link</Button>
    </>
  );
}
