import { PanelPlugin, formattedValueToString, type FieldDisplay, type GrafanaTheme2, type PanelProps, FALLBACK_COLOR, ThresholdsMode } from '@grafana/data';
import { useTheme2 } from '@grafana/ui';
import { addOrientation, addReduceOptions, addTextSize } from './options';
import { Values, type SingleOptions } from './values';

interface Options extends SingleOptions {
  showThresholdLabels: boolean;
  showThresholdMarkers: boolean;
  sizing?: 'auto' | 'manual';
  minVizWidth?: number;
  minVizHeight?: number;
}

/** Degrees the dial spans, open at the bottom. */
const span = 240;

function point(cx: number, cy: number, r: number, share: number): [number, number] {
  const a = ((-90 - span / 2 + span * share) * Math.PI) / 180;
  return [cx + r * Math.cos(a), cy + r * Math.sin(a)];
}

function arc(cx: number, cy: number, r: number, from: number, to: number): string {
  const [x0, y0] = point(cx, cy, r, from);
  const [x1, y1] = point(cx, cy, r, to);
  return `M ${x0} ${y0} A ${r} ${r} 0 ${(to - from) * span > 180 ? 1 : 0} 1 ${x1} ${y1}`;
}

const clamp = (n: number) => Math.min(Math.max(n, 0), 1);

interface Dial {
  value: FieldDisplay;
  width: number;
  height: number;
  markers: boolean;
  labels: boolean;
  titleSize?: number;
  valueSize?: number;
  showTitle: boolean;
}

interface Band {
  from: number;
  to: number;
  color: string;
  label: string;
}

/** The thresholds between least and greatest, as shares of the dial. */
function bands(value: FieldDisplay, min: number, max: number, theme: GrafanaTheme2): Band[] {
  const thresholds = value.field.thresholds;
  if (!thresholds?.steps.length) {
    return [];
  }
  const percent = thresholds.mode === ThresholdsMode.Percentage;
  const share = (v: number) => (v === -Infinity ? 0 : clamp(percent ? v / 100 : (v - min) / (max - min)));
  return thresholds.steps.map((s, i) => ({
    from: share(s.value),
    to: i + 1 < thresholds.steps.length ? share(thresholds.steps[i + 1].value) : 1,
    color: theme.visualization.getColorByName(s.color),
    label: s.value === -Infinity || percent ? '' : String(s.value),
  }));
}

function Dial({ value, width, height, markers, labels, titleSize, valueSize, showTitle }: Dial) {
  const theme = useTheme2();
  const min = value.field.min ?? 0;
  const max = value.field.max ?? 100;
  const share = clamp((value.display.numeric - min) / (max - min || 1));
  const title = showTitle ? (value.display.title ?? '') : '';
  const titleHeight = title ? (titleSize ?? Math.min(Math.max(height * 0.1, 10), 18)) : 0;
  const dialHeight = height - titleHeight * 1.3;
  const outer = Math.max(Math.min(width / 2, dialHeight / 1.5) - (labels ? 18 : 3), 8);
  const cx = width / 2;
  const cy = Math.max(Math.min(dialHeight / 2 + outer * 0.25, dialHeight - outer * 0.52), outer + (labels ? 16 : 1));
  const rim = markers ? Math.max(outer * 0.06, 2) : 0;
  const band = Math.max(outer * 0.22, 4);
  const r = outer - rim * 1.5 - band / 2;
  const color = value.display.color ?? FALLBACK_COLOR;
  const text = formattedValueToString(value.display);
  const room = (r - band / 2) * 1.7; // across the dial, a little below its widest
  const size = valueSize ?? Math.min(Math.max(room / Math.max(text.length * 0.6, 2), 8), outer * 0.5);
  const steps = bands(value, min, max, theme);
  return (
    <svg width={width} height={height} role="img" aria-label={`${value.display.title ?? 'Value'}: ${text}`} data-testid="gauge">
      <path d={arc(cx, cy, r, 0, 1)} fill="none" stroke={theme.colors.background.secondary} strokeWidth={band} />
      {share > 0 && !Number.isNaN(share) && <path d={arc(cx, cy, r, 0, share)} fill="none" stroke={color} strokeWidth={band} data-testid="gauge-fill" />}
      {markers && steps.filter((b) => b.to > b.from).map((b, i) => <path key={i} d={arc(cx, cy, outer - rim / 2, b.from, b.to)} fill="none" stroke={b.color} strokeWidth={rim} />)}
      {labels && steps.filter((b) => b.label && b.from > 0 && b.from < 1).map((b, i) => {
        const [x, y] = point(cx, cy, outer + 7, b.from);
        return <text key={i} x={x} y={y} fontSize={10} textAnchor={b.from < 0.45 ? 'end' : b.from > 0.55 ? 'start' : 'middle'} fill={theme.colors.text.secondary}>{b.label}</text>;
      })}
      <text x={cx} y={cy + size * 0.35} textAnchor="middle" fontSize={size} fontWeight={500} fill={color}>{text}</text>
      {title && <text x={cx} y={height - titleHeight * 0.3} textAnchor="middle" fontSize={titleHeight} fill={theme.colors.text.primary}>{clip(title, width / (titleHeight * 0.55))}</text>}
    </svg>
  );
}

function clip(text: string, chars: number): string {
  return text.length > chars ? text.slice(0, Math.max(Math.floor(chars) - 1, 1)) + '…' : text;
}

function GaugePanel(panel: PanelProps<Options>) {
  const { options } = panel;
  return (
    <Values
      panel={panel}
      itemSpacing={8}
      minVizWidth={options.sizing === 'manual' ? options.minVizWidth : 75}
      minVizHeight={options.sizing === 'manual' ? options.minVizHeight : 75}
      draw={({ value, width, height, count }, menu) => (
        <div onClick={menu?.openMenu} className={menu?.targetClassName}>
          <Dial
            value={value}
            width={width}
            height={height}
            showTitle={count > 1 || Boolean(value.field.displayName)}
            markers={options.showThresholdMarkers !== false}
            labels={Boolean(options.showThresholdLabels)}
            titleSize={options.text?.titleSize}
            valueSize={options.text?.valueSize}
          />
        </div>
      )}
    />
  );
}

export const plugin = new PanelPlugin<Options>(GaugePanel as never).useFieldConfig().setPanelOptions((b) => {
  addReduceOptions(b);
  addOrientation(b);
  b.addBooleanSwitch({ path: 'showThresholdLabels', name: 'Show threshold labels', defaultValue: false });
  b.addBooleanSwitch({ path: 'showThresholdMarkers', name: 'Show threshold markers', defaultValue: true });
  addTextSize(b);
});
