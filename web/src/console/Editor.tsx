/* An editor of YAML and JSON that keeps every byte but the line ends' kind, and marks the line an error names. */
import { defaultKeymap, history, historyKeymap, indentWithTab } from '@codemirror/commands';
import { defaultHighlightStyle, HighlightStyle, StreamLanguage, syntaxHighlighting, type StreamParser } from '@codemirror/language';
import { setDiagnostics, type Diagnostic } from '@codemirror/lint';
import { EditorState } from '@codemirror/state';
import { drawSelection, EditorView, highlightActiveLine, keymap, lineNumbers } from '@codemirror/view';
import { tags } from '@lezer/highlight';
import { useTheme2 } from '@grafana/ui';
import { useEffect, useRef } from 'react';
import { page } from '../boot/page';

/** YAML's look, line by line: keys, text, numbers, comments. */
const yaml: StreamParser<{ key: boolean }> = {
  startState: () => ({ key: true }),
  token(stream, state) {
    if (stream.sol()) {
      state.key = true;
    }
    if (stream.eatSpace()) {
      return null;
    }
    if (stream.match(/^#.*/)) {
      return 'comment';
    }
    if (stream.match(/^(?:- |-$|[{}[\],])/)) {
      return 'punctuation';
    }
    if (state.key && stream.match(/^(?:"[^"]*"|'[^']*'|[^\s#:'"{[][^:#]*?)(?=\s*:(?:\s|$))/)) {
      return 'propertyName';
    }
    if (stream.match(/^:(?=\s|$)/)) {
      state.key = false;
      return 'punctuation';
    }
    if (stream.match(/^(?:"(?:[^"\\]|\\.)*"|'(?:[^']|'')*')/)) {
      return 'string';
    }
    if (stream.match(/^(?:true|false|null|-?\d+(?:\.\d+)?)(?=\s|$|,)/)) {
      return 'number';
    }
    stream.match(/^[^\s]+/);
    return null;
  },
};

export interface Mark {
  /** From 1. */
  line: number;
  message: string;
}

/** The line an error's sentence names. */
export function markOf(message: string): Mark | undefined {
  const m = /\b(?:line |:)(\d+)(?=[:,\s)]|$)/.exec(message);
  return m ? { line: Number(m[1]), message } : undefined;
}

/** What a file's lines end in: kept, however the editor counts them. */
const endOf = (text: string) => (/\r\n/.test(text) && !/[^\r]\n/.test(text) ? '\r\n' : '\n');

interface Props {
  value: string;
  onChange: (text: string) => void;
  label: string;
  mark?: Mark;
  readOnly?: boolean;
  height?: string;
}

export function Editor({ value, onChange, label, mark, readOnly = false, height = '52vh' }: Props) {
  const host = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView>();
  const change = useRef(onChange);
  change.current = onChange;
  const t = useTheme2();
  useEffect(() => {
    const look = EditorView.theme(
      {
        '&': { height, fontSize: '13px', border: `1px solid ${t.colors.border.medium}`, borderRadius: t.shape.radius.default, backgroundColor: t.colors.background.canvas, color: t.colors.text.primary },
        '&.cm-focused': { outline: `2px solid ${t.colors.primary.border}` },
        '.cm-scroller': { fontFamily: t.typography.fontFamilyMonospace },
        '.cm-gutters': { backgroundColor: t.colors.background.secondary, color: t.colors.text.secondary, border: 'none' },
        '.cm-activeLine, .cm-activeLineGutter': { backgroundColor: t.colors.action.hover },
        '.cm-cursor': { borderLeftColor: t.colors.text.primary },
        '.cm-content': { caretColor: t.colors.text.primary },
      },
      { dark: t.isDark }
    );
    const colours = HighlightStyle.define([
      { tag: tags.propertyName, color: t.isDark ? '#7eb6ff' : '#1f4f99' },
      { tag: tags.string, color: t.isDark ? '#96d98d' : '#19660d' },
      { tag: tags.number, color: t.isDark ? '#ffb357' : '#8f3f00' },
      { tag: tags.comment, color: t.colors.text.secondary, fontStyle: 'italic' },
      { tag: tags.punctuation, color: t.colors.text.secondary },
    ]);
    const v = new EditorView({
      parent: host.current!,
      state: EditorState.create({
        doc: value,
        extensions: [
          lineNumbers(), history(), drawSelection(), highlightActiveLine(), look,
          StreamLanguage.define(yaml), syntaxHighlighting(colours), syntaxHighlighting(defaultHighlightStyle, { fallback: true }),
          EditorState.lineSeparator.of(endOf(value)), EditorState.tabSize.of(2), EditorState.readOnly.of(readOnly), EditorView.cspNonce.of(page.nonce),
          EditorView.contentAttributes.of({ 'aria-label': label }),
          keymap.of([...defaultKeymap, ...historyKeymap, indentWithTab]),
          EditorView.updateListener.of((u) => u.docChanged && change.current(u.state.sliceDoc())),
        ],
      }),
    });
    v.scrollDOM.tabIndex = 0; // so that keys scroll it
    view.current = v;
    return () => v.destroy();
    // The document lives in the editor; another theme makes it anew from what was written.
  }, [t, label, readOnly, height]); // eslint-disable-line react-hooks/exhaustive-deps
  useEffect(() => {
    const v = view.current;
    if (v) {
      v.dispatch(setDiagnostics(v.state, marks(v, mark)));
    }
  }, [mark?.line, mark?.message]); // eslint-disable-line react-hooks/exhaustive-deps
  useEffect(() => {
    const v = view.current;
    if (v && v.state.sliceDoc() !== value) {
      v.dispatch({ changes: { from: 0, to: v.state.doc.length, insert: v.state.toText(value) } });
    }
  }, [value]);
  return <div ref={host} />;
}

function marks(v: EditorView, mark: Mark | undefined): Diagnostic[] {
  if (!mark || mark.line < 1 || mark.line > v.state.doc.lines) {
    return [];
  }
  const line = v.state.doc.line(mark.line);
  const from = line.from + (line.text.trim() ? line.text.length - line.text.trimStart().length : 0);
  return [{ from, to: Math.max(line.to, Math.min(line.from + 1, v.state.doc.length)), severity: 'error' as const, message: mark.message }];
}
