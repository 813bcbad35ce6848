/* Metrics with their help, and the labels of one. */
import { css } from '@emotion/css';
import { Input, Tag, useTheme2 } from '@grafana/ui';
import { useState } from 'react';
import type { PrometheusAPI } from '../../api/prometheus';
import { Failed, Loading } from '../../components/States';
import { useAsync } from '../../lib/useAsync';

export function Metrics({ api, pick }: { api: PrometheusAPI; pick: (selector: string) => void }) {
  const t = useTheme2();
  const [search, setSearch] = useState('');
  const [metric, setMetric] = useState('');
  const found = useAsync(async () => {
    const [names, metadata] = await Promise.all([api.labelValues('__name__', {}), api.metadata({}).catch(() => ({ data: {} as Record<string, Array<{ type: string; help: string }>> }))]);
    return names.data.map((name) => ({ name, type: metadata.data[name]?.[0]?.type ?? '', help: metadata.data[name]?.[0]?.help ?? '' }));
  }, [api]);
  if (found.state === 'loading') {
    return <Loading what="the metrics" />;
  }
  if (found.state === 'failed') {
    return <Failed error={found.error} retry={found.again} />;
  }
  const shown = found.value.filter((m) => m.name.includes(search)).slice(0, 200);
  const choose = (name: string) => {
    setMetric(name);
    pick(name);
  };
  return (
    <div className={css({ display: 'flex', gap: 16, maxHeight: 320, border: `1px solid ${t.colors.border.weak}`, padding: 12, borderRadius: 4 })}>
      <div className={css({ flex: 1, minWidth: 0, display: 'flex', flexDirection: 'column' })}>
        <Input placeholder="Search metrics" aria-label="Search metrics" value={search} onChange={(e) => setSearch(e.currentTarget.value)} />
        <ul className={css({ overflow: 'auto', listStyle: 'none', padding: 0, margin: '8px 0 0' })} aria-label="Metrics">
          {shown.map((m) => (
            <li key={m.name}>
              <button type="button" title={m.help} className={css({ background: metric === m.name ? t.colors.action.selected : 'none', border: 0, padding: '3px 6px', width: '100%', textAlign: 'left', color: t.colors.text.primary, overflow: 'hidden', textOverflow: 'ellipsis', whiteSpace: 'nowrap' })} onClick={() => choose(m.name)}>
                {m.name} <small className={css({ color: t.colors.text.secondary })}>{m.type} {m.help}</small>
              </button>
            </li>
          ))}
          {!shown.length && <li>No metric has these letters.</li>}
        </ul>
      </div>
      {metric && <Labels key={metric} api={api} metric={metric} pick={pick} />}
    </div>
  );
}

function Labels({ api, metric, pick }: { api: PrometheusAPI; metric: string; pick: (selector: string) => void }) {
  const found = useAsync(async () => {
    const names = (await api.labelNames({ match: [metric] })).data.filter((n) => n !== '__name__').slice(0, 20);
    return Promise.all(names.map(async (name) => ({ name, values: (await api.labelValues(name, { match: [metric], limit: 30 })).data })));
  }, [metric]);
  if (found.state === 'loading') {
    return <Loading what="the labels" />;
  }
  return found.state === 'failed' ? <Failed error={found.error} /> : (
    <dl className={css({ flex: 1, overflow: 'auto', margin: 0 })}>
      {found.value.map((l) => (
        <div key={l.name} className={css({ marginBottom: 8 })}>
          <dt><strong>{l.name}</strong></dt>
          <dd className={css({ margin: 0, display: 'flex', flexWrap: 'wrap', gap: 4 })}>{l.values.map((v) => <Tag key={v} name={v} onClick={() => pick(`${metric}{${l.name}=${JSON.stringify(v)}}`)} />)}</dd>
        </div>
      ))}
    </dl>
  );
}
