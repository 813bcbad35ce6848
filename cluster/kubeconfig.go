package cluster

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"net/url"
	"slices"
	"strings"

	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/hearth-metrics/hearth"
)

// maxKubeconfig is how long a kubeconfig may be, in bytes.
const maxKubeconfig = 256 << 10

// access is how an API server is reached, and as whom. It is kept sealed.
type access struct {
	Server      string `json:"server"`
	CA          string `json:"ca,omitempty"` // PEM
	ServerName  string `json:"server_name,omitempty"`
	Insecure    bool   `json:"insecure,omitempty"` // the certificate is not verified
	Token       string `json:"token,omitempty"`
	Certificate string `json:"certificate,omitempty"` // PEM
	Key         string `json:"key,omitempty"`         // PEM
	Username    string `json:"username,omitempty"`
	Password    string `json:"password,omitempty"`
}

// readKubeconfig takes the context (the current one if empty) of a kubeconfig
// whose files are inlined. What would have to be run or opened is refused: it is
// on another machine, and may be anything.
func readKubeconfig(text, context string) (*access, error) {
	if len(text) > maxKubeconfig {
		return nil, &hearth.Error{Kind: hearth.TooLarge, Msg: "kubeconfig: It may have at most 262144 bytes. Leave other clusters' contexts out"}
	}
	all, err := clientcmd.Load([]byte(text))
	if err != nil {
		return nil, &hearth.Error{Kind: hearth.Malformed, Msg: "kubeconfig: It cannot be read: " + clip(err.Error()), Err: err}
	}
	if context == "" {
		context = all.CurrentContext
	}
	picked := all.Contexts[context]
	if picked == nil {
		return nil, unfit("kubeconfig", "There is no context %q; it has %s", clip(context), clip(names(all.Contexts)))
	}
	where, who := all.Clusters[picked.Cluster], all.AuthInfos[picked.AuthInfo]
	if where == nil {
		return nil, unfit("kubeconfig", "Context %q names the cluster %q, which is not there", clip(context), clip(picked.Cluster))
	}
	if who == nil {
		return nil, unfit("kubeconfig", "Context %q names the user %q, who is not there", clip(context), clip(picked.AuthInfo))
	}
	if err := checkWhere(where); err != nil {
		return nil, err
	}
	if err := checkWho(who); err != nil {
		return nil, err
	}
	a := &access{
		Server: where.Server, CA: string(where.CertificateAuthorityData), ServerName: where.TLSServerName, Insecure: where.InsecureSkipTLSVerify,
		Token: strings.TrimSpace(who.Token), Certificate: string(who.ClientCertificateData), Key: string(who.ClientKeyData), Username: who.Username, Password: who.Password,
	}
	return a, a.check()
}

func names[T any](m map[string]T) string {
	var all []string
	for k := range m {
		all = append(all, k)
	}
	slices.Sort(all)
	if len(all) == 0 {
		return "none"
	}
	return strings.Join(all, ", ")
}

func checkWhere(c *clientcmdapi.Cluster) error {
	switch {
	case c.CertificateAuthority != "":
		return unfit("kubeconfig", "certificate-authority is a file's name, and the file is not here. kubectl config view --flatten --minify --raw puts it in")
	case c.ProxyURL != "":
		return unfit("kubeconfig", "proxy-url is not served: Hearth connects to the API server itself")
	case c.InsecureSkipTLSVerify && len(c.CertificateAuthorityData) > 0:
		return unfit("kubeconfig", "insecure-skip-tls-verify and certificate-authority-data exclude each other")
	}
	return nil
}

func checkWho(u *clientcmdapi.AuthInfo) error {
	switch {
	case u.Exec != nil:
		return unfit("kubeconfig", "The user has an exec plugin, and Hearth runs no programs of others. Give it a service account's token: kubectl create token hearth --duration=8760h")
	case u.AuthProvider != nil:
		return unfit("kubeconfig", "The user has an auth-provider, which is not served. Give it a service account's token: kubectl create token hearth --duration=8760h")
	case u.ClientCertificate != "" || u.ClientKey != "" || u.TokenFile != "":
		return unfit("kubeconfig", "client-certificate, client-key and tokenFile are names of files, and the files are not here. hearth cluster register puts them in")
	case u.Impersonate != "" || len(u.ImpersonateGroups) > 0 || u.ImpersonateUID != "" || len(u.ImpersonateUserExtra) > 0:
		return unfit("kubeconfig", "as, as-groups and as-user-extra are not served: Hearth itself impersonates the collector's user")
	}
	return nil
}

// check refuses an access that cannot work.
func (a *access) check() error {
	u, err := url.Parse(a.Server)
	switch {
	case err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || len(a.Server) > 1024:
		return unfit("kubeconfig", "server: %q is not https://HOST:PORT/PATH", clip(a.Server))
	case strings.ContainsFunc(a.Token+a.Username+a.Password, func(c rune) bool { return c < ' ' || c == 0x7f }):
		return unfit("kubeconfig", "The token, the username or the password has characters that no header can carry")
	case a.Token == "" && a.Username == "" && a.Certificate == "":
		return unfit("kubeconfig", "The user has no token and no client certificate")
	}
	if _, err := a.tls(); err != nil {
		return unfit("kubeconfig", "%s", clip(err.Error()))
	}
	return nil
}

// tls is what connections to the API server are made with.
func (a *access) tls() (*tls.Config, error) {
	c := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: a.ServerName, InsecureSkipVerify: a.Insecure, NextProtos: []string{"h2", "http/1.1"}}
	if a.CA != "" {
		c.RootCAs = x509.NewCertPool()
		if !c.RootCAs.AppendCertsFromPEM([]byte(a.CA)) {
			return nil, errors.New("certificate-authority-data has no certificate in PEM")
		}
	}
	if a.Certificate == "" && a.Key == "" {
		return c, nil
	}
	pair, err := tls.X509KeyPair([]byte(a.Certificate), []byte(a.Key))
	if err != nil {
		return nil, errors.New("client-certificate-data and client-key-data are not a pair: " + err.Error())
	}
	c.Certificates = []tls.Certificate{pair}
	return c, nil
}

// kind names the credential for people, without it.
func (a *access) kind() string {
	switch {
	case a.Token != "":
		return "token"
	case a.Certificate != "":
		return "client certificate"
	}
	return "password"
}

func (r *Room) seal(a *access, arn hearth.ARN) ([]byte, error) {
	plain, err := json.Marshal(a)
	if err != nil {
		return nil, err
	}
	return r.opts.Sealer.Seal(plain, arn.String()), nil
}

func (r *Room) unseal(c *Cluster) (*access, error) {
	if len(c.Sealed) == 0 {
		return nil, &hearth.Error{Kind: hearth.Unavailable, Type: ResourceType, Resource: c.Name,
			Msg: "Cluster " + c.Name + " has no kubeconfig yet: hearth cluster update " + c.Name + " --kubeconfig FILE gives it one"}
	}
	plain, err := r.opts.Sealer.Open(c.Sealed, c.ARN().String())
	if err != nil {
		return nil, &hearth.Error{Kind: hearth.Unavailable, Type: ResourceType, Resource: c.Name, Err: err,
			Msg: "The credentials of cluster " + c.Name + " were sealed with a key that is not here: hearth cluster update " + c.Name + " --kubeconfig FILE gives it new ones"}
	}
	a := new(access)
	return a, json.Unmarshal(plain, a)
}
