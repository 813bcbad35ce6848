import { dateMath, dateTime, rangeUtil, type TimeRange } from '@grafana/data';
import { SceneTimeRangeTransformerBase, sceneGraph, type SceneTimeRangeState } from '@grafana/scenes';

interface State extends SceneTimeRangeState {
  timeFrom?: string;
  timeShift?: string;
}

/** The range of a panel that has one of its own: "last 2h", or the page's a day earlier. */
export class PanelTimeRange extends SceneTimeRangeTransformerBase<State> {
  constructor(own: { timeFrom?: string; timeShift?: string; hide?: boolean }) {
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
    const start = dateMath.toDateTime(raw.from, {});
    const end = dateMath.toDateTime(raw.to, { roundUp: true });
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

  /** "Last 2h, 1d earlier", for the panel's title. */
  description(): string {
    const from = this.text(this.state.timeFrom);
    const shift = this.text(this.state.timeShift);
    return [from && `Last ${from}`, shift && `${shift} earlier`].filter(Boolean).join(', ');
  }

  static Component = ({ model }: { model: PanelTimeRange }) => {
    model.useState();
    return <span className="panel-time-info">{model.description()}</span>;
  };
}
