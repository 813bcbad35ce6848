import { cacheFieldDisplayNames, FieldType, getFieldDisplayName, PanelPlugin, type DataFrame, type Field, type FieldConfigSource, type PanelProps } from '@grafana/data';
import { TableCellHeight, type TableFieldOptions } from '@grafana/schema';
import { Combobox, usePanelContext } from '@grafana/ui';
import { TableNG } from '@grafana/ui/unstable';
import { standardEditorsRegistry } from '@grafana/data';
import { hasData, NoData } from './nodata';

interface Options {
  frameIndex?: number;
  showHeader?: boolean;
  showTypeIcons?: boolean;
  sortBy?: Array<{ displayName: string; desc?: boolean }>;
  cellHeight?: TableCellHeight;
  footer?: { show?: boolean; reducer?: string[]; countRows?: boolean; fields?: string[]; enablePagination?: boolean };
  enablePagination?: boolean;
  frozenColumns?: { left?: number };
}

/** Height of the choice between several tables, pixels. */
const chooser = 40;

/** Whether a column's text is wrapped was said of its cells until Grafana 12. */
function withWraps(frame: DataFrame): DataFrame {
  const wraps = (f: Field) => f.config.custom?.cellOptions?.wrapText && f.config.custom.wrapText === undefined;
  return frame.fields.some(wraps) ? { ...frame, fields: frame.fields.map((f) => (wraps(f) ? { ...f, config: { ...f.config, custom: { ...f.config.custom, wrapText: true } } } : f)) } : frame;
}

/** Old footers stood in the panel's options; a column's settings have them today. */
function withFooter(frame: DataFrame, footer: Options['footer']): DataFrame {
  if (!footer?.show || !footer.reducer?.length) {
    return frame;
  }
  const only = footer.fields?.length ? new Set(footer.fields) : undefined;
  return {
    ...frame,
    fields: frame.fields.map((f) =>
      f.type === FieldType.number && (!only || only.has(getFieldDisplayName(f, frame)))
        ? { ...f, config: { ...f.config, custom: { ...f.config.custom, footer: f.config.custom?.footer ?? { reducers: footer.reducer } } } }
        : f
    ),
  };
}

/** A column that was drawn wider or narrower: an override of its name says so. */
export function withWidth(config: FieldConfigSource, name: string, width: number): FieldConfigSource {
  const property = { id: 'custom.width', value: width };
  const at = config.overrides.findIndex((r) => r.matcher.id === 'byName' && r.matcher.options === name);
  if (at < 0) {
    return { ...config, overrides: [...config.overrides, { matcher: { id: 'byName', options: name }, properties: [property] }] };
  }
  const rule = config.overrides[at];
  const known = rule.properties.some((p) => p.id === property.id);
  const properties = known ? rule.properties.map((p) => (p.id === property.id ? property : p)) : [...rule.properties, property];
  return { ...config, overrides: config.overrides.map((r, i) => (i === at ? { ...rule, properties } : r)) };
}

function TablePanel(props: PanelProps<Options>) {
  const { data, options, width, height, fieldConfig, timeRange, transparent, onOptionsChange, onFieldConfigChange } = props;
  const { onAddAdHocFilter } = usePanelContext();
  const frames = data.series;
  cacheFieldDisplayNames(frames); // the table reads names from there alone
  if (!hasData(frames)) {
    return <NoData {...props} />;
  }
  const index = options.frameIndex && options.frameIndex < frames.length ? options.frameIndex : 0;
  const several = frames.length > 1;
  const table = (
    <TableNG
      data={withFooter(withWraps(frames[index]), options.footer)}
      width={width}
      height={several ? height - chooser : height}
      noHeader={options.showHeader === false}
      showTypeIcons={options.showTypeIcons}
      resizable
      onColumnResize={(name, px) => onFieldConfigChange(withWidth(fieldConfig, name, px))}
      structureRev={data.structureRev}
      initialSortBy={options.sortBy}
      onSortByChange={(sortBy) => onOptionsChange({ ...options, sortBy })}
      cellHeight={options.cellHeight}
      enablePagination={options.enablePagination ?? options.footer?.enablePagination}
      frozenColumns={options.frozenColumns?.left}
      fieldConfig={fieldConfig}
      timeRange={timeRange}
      transparent={transparent}
      onCellFilterAdded={onAddAdHocFilter as never}
    />
  );
  if (!several) {
    return table;
  }
  const names = frames.map((f, i) => ({ value: String(i), label: f.name || f.refId ? titleOf(f, i) : `Table ${i + 1}` }));
  return (
    <div>
      {table}
      <div style={{ height: chooser, paddingTop: 6 }}>
        <Combobox aria-label="Table" options={names} value={String(index)} onChange={(o) => onOptionsChange({ ...options, frameIndex: Number(o.value) })} />
      </div>
    </div>
  );
}

function titleOf(f: DataFrame, i: number): string {
  const value = f.fields.find((x) => x.type === FieldType.number);
  return f.name ?? (value ? getFieldDisplayName(value, f) : (f.refId ?? `Table ${i + 1}`));
}

/** What comes from JSON and is kept, without an editor of its own. */
const hidden = { editor: () => null, override: () => null, process: (v: unknown) => v, shouldApply: () => true, showIf: () => false };

export const plugin = new PanelPlugin<Options, TableFieldOptions>(TablePanel as never)
  .useFieldConfig({
    useCustomConfig: (b) => {
      const category = ['Column'];
      b.addNumberInput({ path: 'minWidth', name: 'Minimum column width', category, settings: { placeholder: '150', min: 50, max: 500 } });
      b.addNumberInput({ path: 'width', name: 'Column width', category, settings: { placeholder: 'auto', min: 20, max: 1000 } });
      b.addRadio({ path: 'align', name: 'Column alignment', category, defaultValue: 'auto' as never, settings: { options: ['auto', 'left', 'center', 'right'].map((v) => ({ value: v, label: v })) as never } });
      const { editor: cell } = standardEditorsRegistry.get('cell');
      b.addCustomEditor({ id: 'cellOptions', path: 'cellOptions' as never, name: 'Cell type', category: ['Cell options'], defaultValue: { type: 'auto' } as never, editor: cell, override: cell, process: (v: unknown) => v, shouldApply: () => true } as never);
      for (const key of ['cellOptions.type', 'footer', 'tooltip', 'styleField']) {
        b.addCustomEditor({ id: key, path: key as never, name: key, hideFromOverrides: true, ...hidden } as never);
      }
      b.addBooleanSwitch({ path: 'wrapText' as never, name: 'Wrap text', category: ['Cell options'] });
      b.addBooleanSwitch({ path: 'wrapHeaderText' as never, name: 'Wrap header text', category });
      b.addBooleanSwitch({ path: 'inspect', name: 'Cell value inspect', category: ['Cell options'], defaultValue: false });
      b.addBooleanSwitch({ path: 'filterable', name: 'Column filter', category, defaultValue: false });
      b.addCustomEditor({ id: 'hideFrom', path: 'hideFrom' as never, name: 'Hide in area', editor: () => null, override: standardEditorsRegistry.get('boolean').editor, process: (v: unknown) => v, shouldApply: () => true, hideFromDefaults: true } as never);
      b.addBooleanSwitch({ path: 'hidden', name: 'Hide column', category, hideFromDefaults: true });
    },
  })
  .setPanelOptions((b) => {
    b.addBooleanSwitch({ path: 'showHeader', name: 'Show table header', defaultValue: true });
    b.addRadio({ path: 'cellHeight', name: 'Cell height', defaultValue: TableCellHeight.Sm, settings: { options: [{ value: TableCellHeight.Sm, label: 'Small' }, { value: TableCellHeight.Md, label: 'Medium' }, { value: TableCellHeight.Lg, label: 'Large' }] } });
    b.addBooleanSwitch({ path: 'enablePagination', name: 'Enable pagination' });
    b.addBooleanSwitch({ path: 'footer.show', name: 'Show footer', category: ['Footer'], defaultValue: false });
    b.addCustomEditor({ id: 'footer.reducer', path: 'footer.reducer', name: 'Calculation', category: ['Footer'], editor: standardEditorsRegistry.get('stats-picker').editor as never, showIf: (o) => Boolean(o.footer?.show) });
  });
