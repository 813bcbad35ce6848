// An OpenID Connect provider on loopback: idp.mjs PORT CALLBACK FOLDER
//
// It knows everybody: whoever asks is the person of FOLDER/person.json,
// {"sub": …, "claims": {…}}, without a page in between. The client is "hearth",
// its secret "secret of hearth". Prints "ready" once it listens.
import { readFileSync } from 'node:fs'
import { Provider } from 'oidc-provider'

const [port, callback, folder] = process.argv.slice(2)
const issuer = `http://127.0.0.1:${port}`
const person = () => JSON.parse(readFileSync(`${folder}/person.json`, 'utf8'))

const provider = new Provider(issuer, {
  clients: [{ client_id: 'hearth', client_secret: 'secret of hearth', redirect_uris: [callback], response_types: ['code'], grant_types: ['authorization_code'] }],
  claims: { openid: ['sub'], profile: ['name', 'preferred_username'], email: ['email', 'email_verified'], groups: ['groups'] },
  scopes: ['openid', 'profile', 'email', 'groups'],
  pkce: { required: () => true },
  features: { devInteractions: { enabled: false } },
  interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
  cookies: { keys: ['for the tests'] },
  findAccount: (_, id) => ({ accountId: id, claims: async () => ({ sub: id, ...person().claims }) }),
})

provider.use(async (ctx, next) => {
  if (!ctx.path.startsWith('/interaction/')) return next()
  const { prompt, params, session } = await provider.interactionDetails(ctx.req, ctx.res)
  if (person().refuses) {
    ctx.respond = false
    return provider.interactionFinished(ctx.req, ctx.res, { error: 'access_denied', error_description: 'not today' }, { mergeWithLastSubmission: false })
  }
  ctx.respond = false
  if (prompt.name === 'login') {
    return provider.interactionFinished(ctx.req, ctx.res, { login: { accountId: person().sub } }, { mergeWithLastSubmission: false })
  }
  const grant = new provider.Grant({ accountId: session.accountId, clientId: params.client_id })
  grant.addOIDCScope(params.scope)
  return provider.interactionFinished(ctx.req, ctx.res, { consent: { grantId: await grant.save() } }, { mergeWithLastSubmission: true })
})

provider.listen(Number(port), '127.0.0.1', () => console.log('ready'))
