/* Pages whose address has names in it. */
import type { ComponentType } from 'react';
import { useParams } from 'react-router-dom';

/** Another name is another page: nothing of the one before stays, neither what is shown nor what its buttons are about. */
export function OfAddress({ page: Page }: { page: ComponentType }) {
  const { '*': _rest, ...names } = useParams();
  return <Page key={Object.values(names).join('/')} />;
}
