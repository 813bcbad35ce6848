// Stands in for the React wrapper of monaco-editor: the app edits text with
// CodeMirror, and no component that asks for Monaco is shown.
export const loader = { config() {}, init: () => Promise.reject(new Error('no Monaco editor here')) };
export const useMonaco = () => null;
export function DiffEditor() {
  return null;
}
export default function MonacoEditor() {
  return null;
}
