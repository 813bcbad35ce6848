import { css } from '@emotion/css';
import { useTheme2 } from '@grafana/ui';
import type { PrometheusAPI } from '../../api/prometheus';
import { messageOf } from '../../api/http';
import { explain } from '../../lib/why';
import { useAsync } from '../../lib/useAsync';
import { partsOf, type Part } from './parts';

interface Told {
  text: string;
  bad: boolean;
}

async function ask(api: PrometheusAPI, part: Part): Promise<Told> {
  const end = Date.now() / 1000;
  try {
    if (part.kind === 'range of a selector') {
      const answer = await api.series({ match: [part.text.replace(/\[[\s\S]*$/, '')], start: end - 3600, end });
      return { text: `${answer.data.length} series`, bad: !answer.data.length };
    }
    const { data, stats } = await api.query({ query: part.text, time: end, stats: 'all' });
    const count = data.resultType === 'vector' || data.resultType === 'matrix' ? data.result.length : 1;
    const first = data.resultType === 'vector' && data.result.length === 1 ? ` = ${data.result[0].value?.[1] ?? 'histogram'}` : '';
    const samples = stats?.samples?.totalQueryableSamples;
    if (!count) {
      const why = await explain(api, part.text, { start: end - 3600, end });
      return { text: 'nothing. ' + why.map((w) => w.text).join(' '), bad: true };
    }
    return { text: `${count} series${first}${samples === undefined ? '' : `, ${samples} samples read`}`, bad: false };
  } catch (err) {
    return { text: messageOf(err), bad: true };
  }
}

/** What each part of the expression is now, so that one sees where it runs empty. */
export function Parts({ api, expr }: { api: PrometheusAPI; expr: string }) {
  const t = useTheme2();
  const parts = partsOf(expr);
  const found = useAsync(() => Promise.all(parts.map((p) => ask(api, p))), [expr]);
  return (
    <table className={css({ fontSize: 12, '& td': { padding: '3px 8px', borderBottom: `1px solid ${t.colors.border.weak}`, verticalAlign: 'top' } })} aria-label="Parts of the expression">
      <tbody>
        {parts.map((p, i) => (
          <tr key={i}>
            <td className={css({ fontFamily: t.typography.fontFamilyMonospace })} style={{ paddingLeft: 8 + p.depth * 16 }}>{p.text}</td>
            <td>{p.kind}</td>
            <td className={css({ color: found.state === 'done' && found.value[i]?.bad ? t.colors.warning.text : undefined })}>{found.state === 'done' ? found.value[i]?.text : '…'}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
