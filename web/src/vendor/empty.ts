// Stands in for monaco-editor, which nothing here shows.
export {};
