import { defaultKeymap, history, historyKeymap } from '@codemirror/commands';
import { json, jsonParseLinter } from '@codemirror/lang-json';
import { bracketMatching, defaultHighlightStyle, foldGutter, syntaxHighlighting } from '@codemirror/language';
import { linter, lintGutter } from '@codemirror/lint';
import { EditorState } from '@codemirror/state';
import { EditorView, keymap, lineNumbers } from '@codemirror/view';
import { useTheme2 } from '@grafana/ui';
import { useEffect, useRef } from 'react';
import { page } from '../boot/page';

interface Props {
  value: string;
  onChange: (text: string) => void;
  label: string;
}

/** Text of JSON, with its mistakes marked as one types. */
export function JsonEditor({ value, onChange, label }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const theme = useTheme2();
  useEffect(() => {
    const view = new EditorView({
      parent: box.current ?? undefined,
      state: EditorState.create({
        doc: value,
        extensions: [
          lineNumbers(), foldGutter(), history(), bracketMatching(), json(), linter(jsonParseLinter()), lintGutter(),
          syntaxHighlighting(defaultHighlightStyle), keymap.of([...defaultKeymap, ...historyKeymap]),
          EditorView.updateListener.of((u) => u.docChanged && onChange(u.state.doc.toString())),
          EditorView.contentAttributes.of({ 'aria-label': label }),
          EditorView.cspNonce.of(page.nonce),
          EditorView.theme({ '&': { height: '60vh', fontSize: '12px', background: theme.colors.background.canvas }, '.cm-gutters': { background: theme.colors.background.secondary, color: theme.colors.text.secondary } }, { dark: theme.isDark }),
        ],
      }),
    });
    return () => view.destroy();
  }, [theme]); // eslint-disable-line react-hooks/exhaustive-deps
  return <div ref={box} style={{ border: `1px solid ${theme.colors.border.medium}`, marginBottom: 12 }} />;
}
