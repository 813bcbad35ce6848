/* One panel and everything about it: queries, transformations, kind, options, overrides, JSON. */
import { css } from '@emotion/css';
import type { GrafanaTheme2 } from '@grafana/data';
import { Button, Stack, Tab, TabsBar, useStyles2 } from '@grafana/ui';
import { isEqual } from 'lodash';
import { useEffect, useRef, useState } from 'react';
import { Failed, Loading } from '../../components/States';
import { useFrames } from '../../editor/data';
import { Overrides } from '../../editor/overrides';
import { Transformations } from '../../editor/transform/Transformations';
import { isTyping } from '../../lib/keys';
import { useAsync } from '../../lib/useAsync';
import type { PanelJSON } from '../../model/dashboard';
import { loadPanel } from '../../panels/load';
import type { DashboardScene } from '../../scene/dashboard';
import { PanelJson } from './edit/PanelJson';
import { Queries } from './edit/Queries';
import { PanelOptions } from './edit/PanelOptions';
import { LibraryBanner } from './library';
import { ViewPanel } from './ViewPanel';

export interface EditProps {
  scene: DashboardScene;
  panel: PanelJSON;
  change: (p: PanelJSON) => void;
  close: () => void;
}

export function EditPanel(p: EditProps) {
  const s = useStyles2(styles);
  const first = useRef(p.panel); // what "Discard" goes back to
  const [revision, setRevision] = useState(0);
  const frames = useFrames(p.scene, p.panel.id ?? 0);
  const discard = () => {
    p.change(first.current);
    setRevision(revision + 1);
  };
  useEscape(p.close);
  return (
    <div className={s.all}>
      <div className={s.left}>
        <div className={s.preview}><ViewPanel scene={p.scene} id={String(p.panel.id)} /></div>
        {p.panel.type !== 'text' && <Below key={revision} {...p} raw={frames.raw} />}
      </div>
      <aside className={s.right} aria-label="Panel options">
        <LibraryBanner panel={p.panel} changed={!isEqual(p.panel, first.current)} unlink={() => p.change(unlinked(p.panel))} saved={() => { first.current = p.panel; setRevision(revision + 1); }} />
        <Stack justifyContent="flex-end" gap={1}>
          <Button size="sm" variant="secondary" fill="outline" icon="history" disabled={isEqual(p.panel, first.current)} onClick={discard}>Discard changes</Button>
          <Button size="sm" icon="angle-left" onClick={p.close}>Back to dashboard</Button>
        </Stack>
        <Aside key={`${p.panel.type} ${revision}`} {...p} drawn={frames.drawn} />
      </aside>
    </div>
  );
}

/** A panel of its own in the place of the library's. */
export function unlinked(panel: PanelJSON): PanelJSON {
  const { libraryPanel: _, ...rest } = panel;
  return rest as PanelJSON;
}

/** Escape goes back to the dashboard, unless it closes something else. */
function useEscape(close: () => void) {
  useEffect(() => {
    const onKey = (e: KeyboardEvent) => {
      if (e.key === 'Escape' && !e.defaultPrevented && !isTyping(e) && !document.querySelector('[role=dialog], [role=listbox]:not(:empty), [role=menu]')) {
        close();
      }
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, [close]);
}

function Below({ raw, ...p }: EditProps & { raw: ReturnType<typeof useFrames>['raw'] }) {
  const [tab, setTab] = useState<'queries' | 'transformations'>('queries');
  const steps = p.panel.transformations ?? [];
  const setSteps = (next: typeof steps) => {
    const { transformations: _, ...rest } = p.panel;
    p.change(next.length ? { ...p.panel, transformations: next } : (rest as PanelJSON));
  };
  return (
    <div>
      <TabsBar>
        <Tab label="Queries" counter={p.panel.targets?.length ?? 0} active={tab === 'queries'} onChangeTab={() => setTab('queries')} />
        <Tab label="Transformations" counter={steps.length || null} active={tab === 'transformations'} onChangeTab={() => setTab('transformations')} />
      </TabsBar>
      <div style={{ paddingTop: 12 }}>
        {tab === 'queries' ? <Queries {...p} /> : <Transformations value={steps} onChange={setSteps} raw={raw} />}
      </div>
    </div>
  );
}

const tabs = ['All', 'Overrides', 'JSON'] as const;

function Aside({ drawn, ...p }: EditProps & { drawn: ReturnType<typeof useFrames>['drawn'] }) {
  const [tab, setTab] = useState<(typeof tabs)[number]>('All');
  const plugin = useAsync(() => loadPanel(p.panel.type), [p.panel.type]);
  if (plugin.state === 'loading') {
    return <Loading what="the options" />;
  }
  if (plugin.state === 'failed') {
    return <Failed error={plugin.error} />;
  }
  const rules = p.panel.fieldConfig?.overrides ?? [];
  const setRules = (overrides: typeof rules) => p.change({ ...p.panel, fieldConfig: { defaults: {}, ...p.panel.fieldConfig, overrides } });
  return (
    <>
      <TabsBar>{tabs.map((t) => <Tab key={t} label={t} counter={t === 'Overrides' && rules.length ? rules.length : null} active={t === tab} onChangeTab={() => setTab(t)} />)}</TabsBar>
      <div style={{ paddingTop: 12 }}>
        {tab === 'All' && <PanelOptions {...p} plugin={plugin.value} drawn={drawn} />}
        {tab === 'Overrides' && <Overrides plugin={plugin.value} value={rules} onChange={setRules} data={drawn} />}
        {tab === 'JSON' && <PanelJson {...p} />}
      </div>
    </>
  );
}

const styles = (t: GrafanaTheme2) => ({
  all: css({ display: 'flex', gap: t.spacing(2), flex: 1, minHeight: 0, [t.breakpoints.down('lg')]: { flexDirection: 'column' } }),
  left: css({ flex: 1, minWidth: 0, display: 'flex', flexDirection: 'column', gap: t.spacing(2) }),
  preview: css({ height: '45vh', minHeight: 260, flex: 'none', display: 'flex' }),
  right: css({ width: 380, flex: 'none', borderLeft: `1px solid ${t.colors.border.weak}`, paddingLeft: t.spacing(2), [t.breakpoints.down('lg')]: { width: '100%', borderLeft: 0, paddingLeft: 0 } }),
});
