/* The editor of PromQL: completion from the data source, mistakes marked as one types. */
import { autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap } from '@codemirror/autocomplete';
import { defaultKeymap, history, historyKeymap, insertNewlineAndIndent } from '@codemirror/commands';
import { bracketMatching, HighlightStyle, indentOnInput, syntaxHighlighting } from '@codemirror/language';
import { lintKeymap } from '@codemirror/lint';
import { EditorState, Prec } from '@codemirror/state';
import { EditorView, keymap, placeholder } from '@codemirror/view';
import { useTheme2 } from '@grafana/ui';
import type { GrafanaTheme2 } from '@grafana/data';
import { tags } from '@lezer/highlight';
import { PromQLExtension, type LintStrategy } from '@prometheus-io/codemirror-promql';
import { useEffect, useRef } from 'react';
import { page } from '../boot/page';
import type { PrometheusSource } from '../datasource/prometheus';


interface Props {
  value: string;
  source?: PrometheusSource;
  onChange: (text: string) => void;
  /** Enter or Shift-Enter. */
  onRun?: () => void;
  label?: string;
}

function colours(t: GrafanaTheme2) {
  const [keyword, call, label, text, number] = t.isDark ? ['#ca95e5', '#8ab8ff', '#ffb357', '#96d98d', '#ffee52'] : ['#7a2aa0', '#1f4f99', '#8f3f00', '#19660d', '#6b5200'];
  return HighlightStyle.define([
    { tag: tags.variableName, color: t.colors.text.primary },
    { tag: [tags.keyword, tags.operatorKeyword, tags.modifier], color: keyword },
    { tag: tags.function(tags.variableName), color: call },
    { tag: tags.labelName, color: label },
    { tag: tags.string, color: text },
    { tag: tags.number, color: number },
    { tag: tags.comment, color: t.colors.text.secondary },
  ]);
}

function dress(t: GrafanaTheme2) {
  return EditorView.theme(
    {
      '&': { fontSize: '13px', background: t.components.input.background, color: t.colors.text.primary, borderRadius: t.shape.radius.default },
      '&.cm-focused': { outline: `2px solid ${t.colors.primary.main}` },
      '.cm-content': { fontFamily: t.typography.fontFamilyMonospace, padding: '7px 4px', caretColor: t.colors.text.primary },
      '.cm-cursor': { borderLeftColor: t.colors.text.primary },
      '.cm-tooltip': { background: t.colors.background.elevated ?? t.colors.background.secondary, border: `1px solid ${t.colors.border.medium}`, color: t.colors.text.primary },
      '.cm-tooltip-autocomplete ul li[aria-selected]': { background: t.colors.action.selected, color: t.colors.text.primary },
      '.cm-placeholder': { color: t.colors.text.disabled },
    },
    { dark: t.isDark }
  );
}

function language(source: PrometheusSource | undefined) {
  const promql = new PromQLExtension().activateLinter(true).activateCompletion(true);
  // With $variables it is PromQL only after they are filled in: what is wrong then is said by the answer.
  const lint = (promql as unknown as { lint: LintStrategy }).lint.promQL();
  promql.setLinter({ promQL: () => (view) => (view.state.doc.toString().includes('$') ? [] : lint(view)) });
  if (source) {
    const fetchFn = (url: RequestInfo, init?: RequestInit) => fetch(url, { ...init, credentials: 'same-origin', headers: { ...(init?.headers as Record<string, string>), ...source.api.way.headers() } });
    promql.setComplete({ remote: { url: source.api.way.url(source.api.base), fetchFn, httpMethod: 'GET', cache: { maxAge: 300_000 } } });
  }
  return promql.asExtension();
}

export function PromEditor({ value, source, onChange, onRun, label = 'PromQL query' }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView>();
  const theme = useTheme2();
  const latest = useRef({ onChange, onRun });
  latest.current = { onChange, onRun };
  useEffect(() => {
    const run = () => {
      latest.current.onRun?.();
      return true;
    };
    const made = new EditorView({
      parent: box.current ?? undefined,
      state: EditorState.create({
        doc: view.current?.state.doc.toString() ?? value,
        extensions: [
          history(), bracketMatching(), closeBrackets(), indentOnInput(), autocompletion(), language(source), syntaxHighlighting(colours(theme)), dress(theme),
          EditorView.lineWrapping, EditorView.cspNonce.of(page.nonce), placeholder('rate(http_requests_total[$__rate_interval])'),
          EditorView.contentAttributes.of({ 'aria-label': label }),
          EditorView.updateListener.of((u) => u.docChanged && latest.current.onChange(u.state.doc.toString())),
          keymap.of([...closeBracketsKeymap, ...completionKeymap, ...defaultKeymap.filter((k) => k.key !== 'Enter'), ...historyKeymap, ...lintKeymap, { key: 'Enter', run }, { key: 'Shift-Enter', run: insertNewlineAndIndent }]),
          Prec.high(keymap.of([{ key: 'Ctrl-Enter', run }])),
        ],
      }),
    });
    view.current = made;
    return () => made.destroy();
  }, [theme, source, label]); // eslint-disable-line react-hooks/exhaustive-deps
  useEffect(() => {
    const v = view.current;
    if (v && v.state.doc.toString() !== value) {
      v.dispatch({ changes: { from: 0, to: v.state.doc.length, insert: value } });
    }
  }, [value]);
  return <div ref={box} data-testid="promql" style={{ border: `1px solid ${theme.components.input.borderColor}`, borderRadius: theme.shape.radius.default, minWidth: 0 }} />;
}
