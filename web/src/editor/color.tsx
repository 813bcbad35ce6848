/* Colours: one, and how series come to theirs. */
import { css } from '@emotion/css';
import { fieldColorModeRegistry, FieldColorModeId, type FieldColor } from '@grafana/data';
import { ColorPicker, Select, Stack, useTheme2 } from '@grafana/ui';

interface ColorProps {
  value: string | undefined;
  onChange: (color: string) => void;
  label: string;
}

/** One colour, by name or by value. */
export function Color({ value, onChange, label }: ColorProps) {
  const t = useTheme2();
  const shown = value ? t.visualization.getColorByName(value) : 'transparent';
  return (
    <ColorPicker color={value ?? 'green'} onChange={onChange} enableNamedColors>
      {({ ref, showColorPicker, hideColorPicker }) => (
        <button
          ref={ref} type="button" aria-label={`${label}: ${value ?? 'none'}`} title={value ?? 'none'} onClick={showColorPicker} onMouseLeave={hideColorPicker}
          className={css({ width: 32, height: 32, flex: 'none', padding: 0, cursor: 'pointer', borderRadius: 4, border: `1px solid ${t.colors.border.medium}` })} style={{ background: shown }}
        />
      )}
    </ColorPicker>
  );
}

interface FieldColorProps {
  value: FieldColor | undefined;
  onChange: (c: FieldColor | undefined) => void;
  id?: string;
  settings?: { byValueSupport?: boolean; bySeriesSupport?: boolean };
}

const bySeries = [{ value: 'last', label: 'Last' }, { value: 'min', label: 'Least' }, { value: 'max', label: 'Greatest' }];

/** How a field gets its colour: a fixed one, one of a palette, one by its value. */
export function FieldColorValue({ value, onChange, id, settings }: FieldColorProps) {
  const modes = fieldColorModeRegistry.list().filter((m) => !m.excludeFromPicker && (!m.isByValue || settings?.byValueSupport !== false));
  const mode = value?.mode ?? FieldColorModeId.Thresholds;
  const fixed = mode === FieldColorModeId.Fixed || mode === FieldColorModeId.Shades;
  const byValue = fieldColorModeRegistry.getIfExists(mode)?.isByValue;
  return (
    <Stack direction="column" gap={1}>
      <Stack gap={1}>
        <div style={{ flex: 1, minWidth: 0 }}>
          <Select inputId={id} aria-label="Color scheme" value={mode} options={modes.map((m) => ({ value: m.id, label: m.name }))} onChange={(o) => onChange({ ...value, mode: o.value ?? mode })} />
        </div>
        {fixed && <Color label="Colour" value={value?.fixedColor} onChange={(fixedColor) => onChange({ ...value, mode, fixedColor })} />}
      </Stack>
      {byValue && settings?.bySeriesSupport && <Select aria-label="Colour of a series by its" value={value?.seriesBy ?? 'last'} options={bySeries} onChange={(o) => onChange({ ...value, mode, seriesBy: o.value as FieldColor['seriesBy'] })} />}
    </Stack>
  );
}
