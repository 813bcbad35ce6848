import { textUtil } from '@grafana/data';
import { Dropdown, LinkButton, Menu, ToolbarButton, type IconName } from '@grafana/ui';
import { useState } from 'react';
import { search } from '../../api/grafana';
import { page } from '../../boot/page';
import { useAsync } from '../../lib/useAsync';
import type { DashboardLink } from '../../model/dashboard';
import type { DashboardScene } from '../../scene/dashboard';
import { hrefOf } from '../../scene/links';
import { stateParams } from '../../scene/urlstate';

const icons: Record<string, IconName> = {
  'external link': 'external-link-alt', dashboard: 'apps', question: 'question-circle', info: 'info-circle', bolt: 'bolt', doc: 'file-alt', cloud: 'cloud',
};

/** The state a link takes along. */
function along(scene: DashboardScene, l: DashboardLink): string {
  const state = stateParams(scene);
  return [l.keepTime && state.time, l.includeVars && state.variables].filter(Boolean).join('&');
}

/** The dashboard's own links: to addresses, and to all dashboards with some tags. */
export function Links({ links, scene }: { links: DashboardLink[]; scene: DashboardScene }) {
  return <>{links.map((l, i) => (l.type === 'dashboards' ? <ByTag key={i} link={l} scene={scene} /> : <One key={i} link={l} scene={scene} />))}</>;
}

function One({ link, scene }: { link: DashboardLink; scene: DashboardScene }) {
  return (
    <LinkButton variant="secondary" size="md" icon={icons[link.icon ?? ''] ?? 'link'} href={hrefOf(scene, { url: link.url }, along(scene, link))} target={link.targetBlank ? '_blank' : undefined} tooltip={link.tooltip}>
      {link.title || link.url}
    </LinkButton>
  );
}

function ByTag({ link, scene }: { link: DashboardLink; scene: DashboardScene }) {
  const [open, setOpen] = useState(!link.asDropdown);
  const found = useAsync(async () => (open ? search({ tag: link.tags, type: 'dash-db', limit: 100 }) : []), [open]);
  const hits = found.state === 'done' ? found.value : [];
  const href = (uid: string) => {
    const also = along(scene, link);
    return textUtil.sanitizeUrl(`${page.base}/d/${uid}${also && '?' + also}`);
  };
  if (!link.asDropdown) {
    return <>{hits.map((h) => <LinkButton key={h.uid} variant="secondary" icon="apps" href={href(h.uid)}>{h.title}</LinkButton>)}</>;
  }
  const menu = <Menu>{hits.map((h) => <Menu.Item key={h.uid} label={h.title} url={href(h.uid)} target={link.targetBlank ? '_blank' : undefined} />)}{!hits.length && <Menu.Item label="No dashboard has these tags" disabled />}</Menu>;
  return (
    <Dropdown overlay={menu} onVisibleChange={(v) => v && setOpen(true)}>
      <ToolbarButton icon="bars" variant="canvas">{link.title || 'Dashboards'}</ToolbarButton>
    </Dropdown>
  );
}
