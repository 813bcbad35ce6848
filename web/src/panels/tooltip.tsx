/* The tooltip of charts: the time, and the series with their values there. */
import { dateTimeFormat, FieldType, formattedValueToString, getDisplayProcessor, getFieldDisplayName, type DataFrame, type Field, type LinkModel } from '@grafana/data';
import { SortOrder, TooltipDisplayMode } from '@grafana/schema';
import { Button, useTheme2 } from '@grafana/ui';
import { css } from '@emotion/css';

export interface TooltipRow {
  name: string;
  color: string;
  text: string;
  value: number;
  active: boolean;
}

interface Props {
  frame: DataFrame;
  indexes: Array<number | null>;
  seriesIndex: number | null;
  mode: TooltipDisplayMode;
  sort?: SortOrder;
  timeZone?: string;
  links?: LinkModel[];
  pinned?: boolean;
  hideZeros?: boolean;
  maxHeight?: number;
  /** Adds an annotation at a time; undefined where none can be added. */
  annotate?: (at: { from: number; to: number }) => void;
}

function formatted(field: Field, value: unknown): string {
  const display = field.display ?? getDisplayProcessor({ field, theme: undefined as never });
  return formattedValueToString(display(value));
}

/** The rows of a tooltip. */
export function rowsOf({ frame, indexes, seriesIndex, mode, sort, hideZeros }: Props): TooltipRow[] {
  const rows: TooltipRow[] = [];
  frame.fields.forEach((field, i) => {
    const at = indexes[i];
    const shown = i > 0 && field.type !== FieldType.time && !field.config.custom?.hideFrom?.viz && !field.config.custom?.hideFrom?.tooltip;
    if (!shown || at === null || at === undefined || (mode === TooltipDisplayMode.Single && i !== seriesIndex)) {
      return;
    }
    const value = field.values[at];
    if (value === null || value === undefined || (hideZeros && value === 0)) {
      return;
    }
    const display = field.display?.(value);
    rows.push({ name: getFieldDisplayName(field, frame), color: display?.color ?? '#808080', text: formatted(field, value), value: Number(value), active: i === seriesIndex });
  });
  if (sort === SortOrder.Ascending || sort === SortOrder.Descending) {
    rows.sort((a, b) => (sort === SortOrder.Ascending ? a.value - b.value : b.value - a.value));
  }
  return rows;
}

export function ChartTooltip(props: Props) {
  const theme = useTheme2();
  const { frame, indexes, timeZone, links = [], pinned, annotate } = props;
  const rows = rowsOf(props);
  const time = frame.fields[0]?.values[indexes[0] ?? -1];
  const box = css({ padding: 8, fontSize: theme.typography.bodySmall.fontSize, maxHeight: props.maxHeight ?? 400, overflowY: pinned ? 'auto' : 'hidden', minWidth: 160 });
  return (
    <div className={box} data-testid="chart-tooltip">
      {frame.fields[0]?.type === FieldType.time && time !== undefined && <div className={css({ color: theme.colors.text.secondary, marginBottom: 4 })}>{dateTimeFormat(time, { timeZone })}</div>}
      {rows.map((r, i) => (
        <Row key={i} row={r} />
      ))}
      {pinned && links.map((l, i) => (
        <div key={i}><a href={l.href} target={l.target} rel="noreferrer" onClick={l.onClick as never}>{l.title}</a></div>
      ))}
      {pinned && annotate && time !== undefined && <Button size="sm" variant="secondary" fill="text" icon="comment-alt" onClick={() => annotate({ from: time, to: time })}>Add annotation</Button>}
    </div>
  );
}

export function Row({ row }: { row: TooltipRow }) {
  const line = css({ display: 'flex', gap: 8, alignItems: 'center', fontWeight: row.active ? 600 : 400 });
  return (
    <div className={line}>
      <span className={css({ width: 10, height: 4, borderRadius: 2, flex: 'none' })} style={{ background: row.color }} />
      <span className={css({ flex: 1, maxWidth: 420, overflow: 'hidden', textOverflow: 'ellipsis', whiteSpace: 'nowrap' })}>{row.name}</span>
      <span>{row.text}</span>
    </div>
  );
}
