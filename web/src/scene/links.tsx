import { textUtil, type DataLink } from '@grafana/data';
import { Dropdown, Menu, PanelChrome } from '@grafana/ui';
import { sceneGraph, SceneObjectBase, type SceneObject, type SceneObjectState } from '@grafana/scenes';
import { stateParams } from './urlstate';
import { page } from '../boot/page';

interface State extends SceneObjectState {
  links: DataLink[];
}

/** The address a link of a dashboard leads to: variables filled in, nothing that runs a script. */
export function hrefOf(scene: SceneObject, link: { url?: string }, also = ''): string {
  const state = stateParams(scene);
  const text = (link.url ?? '').replace(/\$\{?__url_time_range\}?/g, state.time).replace(/\$\{?__all_variables\}?/g, state.variables);
  const filled = sceneGraph.interpolate(scene, text, undefined, 'percentencode');
  const href = textUtil.sanitizeUrl(filled + (also && (filled.includes('?') ? '&' : '?') + also));
  return withinHere(href);
}

/** Grafana's addresses are below the pages of this Grafana workspace, those of the console and of other workspaces below Hearth's own. */
export function withinHere(href: string): string {
  if (/^\/(ui|grafana\/g-[0-9a-f]{10})(\/|\?|$)/.test(href)) {
    return page.root + href;
  }
  if (/^\/(?!\/)/.test(href)) {
    return href.startsWith(page.base + '/') ? href : page.base + href;
  }
  return /^(dashboard|d)\//.test(href) ? `${page.base}/${href}` : href;
}

/** A panel's own links, in its header. */
export class PanelLinks extends SceneObjectBase<State> {
  static Component = ({ model }: { model: PanelLinks }) => {
    const { links } = model.useState();
    const items = links.map((l) => ({
      title: sceneGraph.interpolate(model, l.title) || 'Link',
      href: hrefOf(model, l),
      target: l.targetBlank ? '_blank' : undefined,
    }));
    if (items.length === 1) {
      return <PanelChrome.TitleItem title={items[0].title} href={items[0].href} target={items[0].target as never}>↗</PanelChrome.TitleItem>;
    }
    const menu = (
      <Menu>
        {items.map((i) => (
          <Menu.Item key={i.title + i.href} label={i.title} url={i.href} target={i.target as never} />
        ))}
      </Menu>
    );
    return (
      <Dropdown overlay={menu}>
        <PanelChrome.TitleItem title="Links">↗</PanelChrome.TitleItem>
      </Dropdown>
    );
  };
}
