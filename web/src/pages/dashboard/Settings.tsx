import { Drawer, Tab, TabsBar } from '@grafana/ui';
import { useState } from 'react';
import type { DashboardJSON } from '../../model/dashboard';
import { Annotations } from './settings/Annotations';
import { General } from './settings/General';
import { DashboardLinks } from './settings/DashboardLinks';
import { Model } from './settings/Model';
import { Variables } from './settings/Variables';

export interface SettingsProps {
  model: DashboardJSON;
  change: (d: DashboardJSON) => void;
  close: () => void;
}

const pages = { General, Variables, Annotations, Links: DashboardLinks, 'JSON model': Model };
type Page = keyof typeof pages;

export function Settings(p: SettingsProps) {
  const [tab, setTab] = useState<Page>('General');
  const Shown = pages[tab];
  const counts: Partial<Record<Page, number>> = { Variables: p.model.templating?.list?.length, Links: p.model.links?.length };
  return (
    <Drawer title="Dashboard settings" onClose={p.close} size="md" tabs={<TabsBar>{(Object.keys(pages) as Page[]).map((t) => <Tab key={t} label={t} counter={counts[t] || null} active={t === tab} onChangeTab={() => setTab(t)} />)}</TabsBar>}>
      <Shown {...p} />
    </Drawer>
  );
}
