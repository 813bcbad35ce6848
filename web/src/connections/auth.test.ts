import { describe, expect, it } from 'vitest';
import type { KeptSource } from '../api/connections';
import { blank, draftOf, inputOf } from './auth';

const kept = (more: Partial<KeptSource>): KeptSource => ({ id: 1, uid: 'a', name: 'A', type: 'prometheus', url: 'http://prometheus:9090', version: 3, ...more });

describe('the form of a data source', () => {
  it('keeps what it does not show', () => {
    const s = kept({ jsonData: { httpMethod: 'GET', exemplarTraceIdDestinations: [{ name: 'id' }], httpHeaderName1: 'X-Scope' }, secureJsonFields: { httpHeaderValue1: true } });
    const out = inputOf(draftOf(s), s);
    expect(out.jsonData).toEqual(s.jsonData);
    expect(out.secureJsonData).toEqual({});
    expect(out.version).toBe(3);
  });
  it('puts a token beside other headers, and forgets it when it is not used any more', () => {
    const s = kept({ jsonData: { httpHeaderName1: 'X-Scope' } });
    const out = inputOf({ ...draftOf(s), auth: 'bearer', token: 'abc' }, s);
    expect(out.jsonData).toMatchObject({ httpHeaderName1: 'X-Scope', httpHeaderName2: 'Authorization' });
    expect(out.secureJsonData).toEqual({ httpHeaderValue2: 'Bearer abc' });
    const then = kept({ jsonData: out.jsonData, secureJsonFields: { httpHeaderValue2: true } });
    expect(draftOf(then).auth).toBe('bearer');
    const none = inputOf({ ...draftOf(then), auth: 'none' }, then);
    expect(none.jsonData).not.toHaveProperty('httpHeaderName2');
    expect(none.secureJsonData).toEqual({ httpHeaderValue2: '' });
  });
  it('leaves a password that is not written again', () => {
    const s = kept({ basicAuth: true, basicAuthUser: 'me', secureJsonFields: { basicAuthPassword: true } });
    expect(inputOf(draftOf(s), s)).toMatchObject({ basicAuth: true, basicAuthUser: 'me', secureJsonData: {} });
    expect(inputOf({ ...draftOf(s), auth: 'role' }, s)).toMatchObject({ basicAuth: false, secureJsonData: { basicAuthPassword: '' }, jsonData: { sigV4Auth: true, sigV4AuthType: 'ec2_iam_role' } });
  });
  it('signs with keys', () => {
    expect(inputOf({ ...blank, name: ' B ', url: 'https://x', auth: 'keys', accessKey: 'k', secretKey: 's' })).toMatchObject({ name: 'B', jsonData: { sigV4Auth: true, sigV4AuthType: 'keys', sigV4Region: 'us-east-1' }, secureJsonData: { sigV4AccessKey: 'k', sigV4SecretKey: 's' } });
  });
});
