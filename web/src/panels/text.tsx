import { PanelPlugin, renderTextPanelMarkdown, textUtil, type PanelProps } from '@grafana/data';
import { css } from '@emotion/css';
import DOMPurify from 'dompurify';
import { useMemo } from 'react';
import { withinHere } from '../scene/links';

interface Options {
  mode: 'markdown' | 'html' | 'code';
  content: string;
  code?: { language?: string; showLineNumbers?: boolean };
}

const frame = css({
  height: '100%',
  overflow: 'auto',
  '& > :first-of-type': { marginTop: 0 },
  '& table': { borderCollapse: 'collapse' },
  '& td, & th': { border: '1px solid rgba(128,128,128,.3)', padding: '4px 8px' },
  '& img': { maxWidth: '100%' },
});

/** Links of users' markup lead where Grafana's would. */
function linksWithin(node: Element): void {
  const href = node.nodeName === 'A' ? node.getAttribute('href') : null;
  if (href) {
    node.setAttribute('href', withinHere(href));
  }
}

const purify = DOMPurify(window);
purify.addHook('afterSanitizeAttributes', linksWithin);

/** Markup that users wrote, without what could run, load from elsewhere by itself or leave its panel. */
export function safe(html: string): string {
  return purify.sanitize(textUtil.sanitizeTextPanelContent(html), {
    FORBID_TAGS: ['style', 'form', 'input', 'button', 'iframe', 'object', 'embed', 'link', 'meta', 'base'],
    FORBID_ATTR: ['srcset', 'formaction', 'ping', 'onerror'],
  });
}

function TextPanel({ options, replaceVariables }: PanelProps<Options>) {
  const content = options.content ?? '';
  const filled = replaceVariables(content, {}, options.mode === 'code' ? 'raw' : 'html');
  const html = useMemo(() => (options.mode === 'code' ? '' : safe(options.mode === 'html' ? filled : renderTextPanelMarkdown(filled))), [filled, options.mode]);
  if (options.mode === 'code') {
    return <pre className={frame}><code>{filled}</code></pre>;
  }
  return <div className={`${frame} markdown-html`} dangerouslySetInnerHTML={{ __html: html }} />;
}

export const plugin = new PanelPlugin<Options>(TextPanel as never).setPanelOptions((b) => {
  b.addRadio({ path: 'mode', name: 'Mode', defaultValue: 'markdown', settings: { options: [{ value: 'markdown', label: 'Markdown' }, { value: 'html', label: 'HTML' }, { value: 'code', label: 'Code' }] } });
  b.addTextInput({ path: 'content', name: 'Content', defaultValue: '', settings: { useTextarea: true, rows: 12 } });
});
