package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// wholeKubeconfig reads a kubeconfig, leaves out what the context does not need,
// and puts in the files that it names: they are on this machine, and Hearth may
// be on another.
func wholeKubeconfig(file, context string) (string, error) {
	all, err := clientcmd.LoadFromFile(file)
	if err != nil {
		return "", fmt.Errorf("kubeconfig: %w", err)
	}
	if context != "" {
		all.CurrentContext = context
	}
	if err := clientcmdapi.MinifyConfig(all); err != nil {
		return "", fmt.Errorf("kubeconfig %s: %w", file, err)
	}
	for name, u := range all.AuthInfos {
		if u.Exec != nil {
			return "", fmt.Errorf("kubeconfig %s: the user %s has an exec plugin, %s, which Hearth does not run: "+
				"make a service account's token with kubectl create token, and a kubeconfig with it", file, name, u.Exec.Command)
		}
		if err := inlineToken(u); err != nil {
			return "", fmt.Errorf("kubeconfig %s: %w", file, err)
		}
	}
	if err := clientcmdapi.FlattenConfig(all); err != nil {
		return "", fmt.Errorf("kubeconfig %s: %w", file, err)
	}
	text, err := clientcmd.Write(*all)
	if err != nil {
		return "", fmt.Errorf("kubeconfig %s: %w", file, err)
	}
	return string(text), nil
}

func inlineToken(u *clientcmdapi.AuthInfo) error {
	if u.TokenFile == "" {
		return nil
	}
	path := u.TokenFile
	if !filepath.IsAbs(path) {
		path = filepath.Join(filepath.Dir(u.LocationOfOrigin), path)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	u.Token, u.TokenFile = strings.TrimSpace(string(text)), ""
	return nil
}
