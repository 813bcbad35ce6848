// Stands in for react-dom/server: a shortened text asks it for its whole text.
import { Children, isValidElement, type ReactNode } from 'react';

function textOf(node: ReactNode): string {
  return Children.toArray(node)
    .map((n) => (isValidElement<{ children?: ReactNode }>(n) ? textOf(n.props.children) : String(n)))
    .join('');
}

export const renderToStaticMarkup = (node: ReactNode) => textOf(node);
export default { renderToStaticMarkup };
