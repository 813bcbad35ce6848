/* What a page shows when it has nothing to show: loading, empty, error, denied. */
import { Alert, Button, EmptyState, LinkButton, LoadingPlaceholder, Stack } from '@grafana/ui';
import type { ReactNode } from 'react';
import { HttpError, messageOf } from '../api/http';

export function Loading({ what }: { what: string }) {
  return (
    <div style={{ padding: 32, display: 'flex', justifyContent: 'center' }} role="status" aria-live="polite">
      <LoadingPlaceholder text={`Loading ${what}…`} />
    </div>
  );
}

export function Empty({ message, children, button }: { message: string; children?: ReactNode; button?: ReactNode }) {
  return (
    <EmptyState variant="call-to-action" hideImage message={message} button={button}>
      {children}
    </EmptyState>
  );
}

/** An address without a page, and a way on. */
export function NoPage({ to, what }: { to: string; what: string }) {
  return <Empty message="No page has this address" button={<LinkButton variant="secondary" href={to}>{what}</LinkButton>}>A link may be old, or what it led to is gone.</Empty>;
}

/** Says what went wrong, in the server's own words, and offers to try again. */
export function Failed({ error, retry }: { error: unknown; retry?: () => void }) {
  const denied = error instanceof HttpError && error.denied;
  const missing = error instanceof HttpError && error.status === 404;
  const title = denied ? 'You may not see this' : missing ? 'This does not exist' : 'That did not work';
  const id = error instanceof HttpError ? error.requestId : '';
  return (
    <div style={{ padding: 16, maxWidth: 900 }}>
      <Alert severity={denied || missing ? 'warning' : 'error'} title={title}>
        <Stack direction="column" gap={1}>
          <span>{messageOf(error)}</span>
          {id && <small>Request id {id}</small>}
          {retry && !denied && <div><Button size="sm" variant="secondary" onClick={retry}>Try again</Button></div>}
        </Stack>
      </Alert>
    </div>
  );
}
