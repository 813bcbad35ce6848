import { dateMath, dateTime, rangeUtil, type TimeRange } from '@grafana/data';
import { SceneTimeRangeTransformerBase, sceneGraph, type SceneTimeRangeState } from '@grafana/scenes';

interface State extends SceneTimeRangeState {
  timeFrom?: string;
  timeShift?: string;
  /** Whether the panel says nothing of it. */
  hide?: boolean;
}

/** The range of a panel that has one of its own: "last 2h", or the page's a day earlier. */
export class PanelTimeRange extends SceneTimeRangeTransformerBase<State> {
  constructor(own: Pick<State, 'timeFrom' | 'timeShift' | 'hide'>) {
    const now = dateTime();
    super({ ...own, from: 'now-6h', to: 'now', value: { from: now, to: now, raw: { from: 'now-6h', to: 'now' } } });
  }

  protected ancestorTimeRangeChanged(outer: SceneTimeRangeState): void {
    const value = this.shifted(this.relative(outer.value));
    this.setState({ value, from: outer.from, to: outer.to });
  }

  private relative(outer: TimeRange): TimeRange {
    const from = this.text(this.state.timeFrom);
    if (!from || !rangeUtil.isRelativeTimeRange(outer.raw)) {
      return outer;
    }
    const raw = { from: from.startsWith('now') ? from : `now-${from}`, to: 'now' };
    const timezone = this.getTimeZone();
    const start = dateMath.toDateTime(raw.from, { timezone });
    const end = dateMath.toDateTime(raw.to, { roundUp: true, timezone });
    return start?.isValid() && end ? { from: start, to: end, raw } : outer;
  }

  private shifted(range: TimeRange): TimeRange {
    const shift = this.text(this.state.timeShift);
    if (!shift) {
      return range;
    }
    const by = shift.startsWith('-') ? shift : '-' + shift;
    const from = dateMath.parseDateMath(by, range.from);
    const to = dateMath.parseDateMath(by, range.to, true);
    return from?.isValid() && to?.isValid() ? { from, to, raw: { from, to } } : range;
  }

  private text(t: string | undefined): string {
    return t ? sceneGraph.interpolate(this, t) : '';
  }

  /** "Last 2 hours, 1d earlier", for the panel's title. */
  description(): string {
    const from = this.text(this.state.timeFrom);
    const shift = this.text(this.state.timeShift);
    return [from && rangeUtil.describeTextRange(from).display, shift && `${shift} earlier`].filter(Boolean).join(', ');
  }

  static Component = ({ model }: { model: PanelTimeRange }) => {
    const { hide } = model.useState();
    return hide ? null : <span className="panel-time-info">{model.description()}</span>;
  };
}
