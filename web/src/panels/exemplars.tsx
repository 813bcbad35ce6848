/* Exemplars over a chart: a diamond each, at its time and value, that tells its labels and leads to the trace. */
import { css, cx } from '@emotion/css';
import { dateTimeFormat, type DataFrame, type GrafanaTheme2, type TimeZone } from '@grafana/data';
import { Tooltip, useStyles2 } from '@grafana/ui';
import { createPortal } from 'react-dom';
import type uPlot from 'uplot';
import { shownOf, type Shown } from './exemplarframes';

interface Props {
  plot: uPlot;
  frames: DataFrame[];
  timeZone: TimeZone;
  format: (value: number) => string;
}

export function Exemplars({ plot, frames, timeZone, format }: Props) {
  const s = useStyles2(styles);
  const y = plot.series[1]?.scale ?? 'y';
  const x = plot.scales.x;
  const scale = plot.scales[y];
  if (!scale) {
    return null;
  }
  const within = (v: number) => Math.min(Math.max(v, scale.min ?? v), scale.max ?? v); // what is beyond an edge is at the edge
  const all = frames.flatMap(shownOf).filter((e) => e.time >= (x.min ?? 0) && e.time <= (x.max ?? Infinity));
  return createPortal(
    all.map((e, i) => (
      <Tooltip key={i} content={<Told exemplar={e} timeZone={timeZone} format={format} />} interactive>
        <button
          type="button"
          className={cx(s.diamond, 'exemplar')}
          data-testid="exemplar"
          aria-label={`Exemplar ${format(e.value)}${e.labels.length ? `, ${e.labels[0].name} ${e.labels[0].value}` : ''}`}
          style={{ left: plot.valToPos(e.time, 'x'), top: plot.valToPos(within(e.value), y) }}
          onMouseDown={(ev) => ev.stopPropagation()}
        />
      </Tooltip>
    )),
    plot.over
  );
}

function Told({ exemplar: e, timeZone, format }: { exemplar: Shown; timeZone: TimeZone; format: (v: number) => string }) {
  const s = useStyles2(styles);
  const links = e.labels.flatMap((l) => l.links);
  return (
    <div>
      <small>{dateTimeFormat(e.time, { timeZone })}</small>
      <div><strong>Exemplar {format(e.value)}</strong></div>
      <dl className={s.labels}>{e.labels.map((l) => <div key={l.name}><dt>{l.name}</dt><dd>{l.value}</dd></div>)}</dl>
      {links.map((l) => <a key={l.href} className={s.link} href={l.href} target="_blank" rel="noreferrer">{l.title}</a>)}
    </div>
  );
}

const styles = (t: GrafanaTheme2) => ({
  diamond: css({
    position: 'absolute', zIndex: 4, width: 9, height: 9, minHeight: 0, padding: 0, transform: 'translate(-50%, -50%) rotate(45deg)', cursor: 'pointer',
    background: t.visualization.getColorByName('blue'), border: `1px solid ${t.colors.background.primary}`, borderRadius: 1,
    '&:hover, &:focus-visible': { width: 13, height: 13, outline: `2px solid ${t.colors.primary.main}` },
  }),
  labels: css({ display: 'table', margin: t.spacing(0.5, 0), '& > div': { display: 'table-row' }, '& dt': { display: 'table-cell', fontWeight: 400, color: t.colors.text.secondary, paddingRight: t.spacing(1.5) }, '& dd': { display: 'table-cell', wordBreak: 'break-all' } }),
  link: css({ color: t.colors.text.link, textDecoration: 'underline' }),
});
