import type { QueryResultMetaNotice } from '@grafana/data';
import { Icon, Tooltip } from '@grafana/ui';
import { sceneGraph, SceneObjectBase, type SceneObjectState } from '@grafana/scenes';

/** What Prometheus warns of or remarks on a panel's queries, each once. */
export class PanelNotices extends SceneObjectBase<SceneObjectState> {
  static Component = ({ model }: { model: PanelNotices }) => {
    const { data } = sceneGraph.getData(model).useState();
    const all = new Map<string, QueryResultMetaNotice>();
    for (const n of (data?.series ?? []).flatMap((f) => f.meta?.notices ?? [])) {
      all.set(n.text, n);
    }
    if (!all.size) {
      return null;
    }
    const warns = [...all.values()].some((n) => n.severity === 'warning');
    const told = <ul style={{ paddingLeft: 16, margin: 0 }}>{[...all.keys()].map((text) => <li key={text}>{text}</li>)}</ul>;
    return (
      <Tooltip content={told} interactive>
        <span role="note" tabIndex={0} aria-label={`${warns ? 'Warning' : 'Note'}: ${[...all.keys()].join('; ')}`} style={{ padding: '0 8px', display: 'flex' }}><Icon name={warns ? 'exclamation-triangle' : 'info-circle'} /></span>
      </Tooltip>
    );
  };
}
