package main

import (
	"bufio"
	"io"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apimachinery/pkg/util/yaml"
)

func deployFile(t *testing.T, name string) string {
	t.Helper()
	return readDocument(t, filepath.Join("..", "..", "deploy", name))
}

var ownVariable = regexp.MustCompile(`\bHEARTH_[A-Z_]+`)

// TestDeployFilesSpeakOfWhatIsThere checks commands and variables in what runs Hearth.
func TestDeployFilesSpeakOfWhatIsThere(t *testing.T) {
	for _, name := range []string{"hearth.service", "Dockerfile", "kubernetes.yaml"} {
		text := deployFile(t, name)
		for _, v := range ownVariable.FindAllString(text, -1) {
			if !knownVariable(v) {
				t.Errorf("%s: no setting has the variable %s", name, v)
			}
		}
	}
	started := 0
	for _, m := range regexp.MustCompile(`(?m)^Exec[A-Za-z]+=/usr/local/bin/hearth (.*)$`).FindAllStringSubmatch(deployFile(t, "hearth.service"), -1) {
		started++
		if err := checkCommandLine(strings.Fields(m[1])); err != nil {
			t.Errorf("hearth.service: hearth %s: %v", m[1], err)
		}
	}
	if started != 2 {
		t.Errorf("hearth.service runs hearth %d times, want serve and wait", started)
	}
}

// TestKubernetesManifest decodes each object strictly, as an API server that validates
// does, and has the settings and the command line checked by Hearth.
func TestKubernetesManifest(t *testing.T) {
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{corev1.AddToScheme, appsv1.AddToScheme} {
		if err := add(scheme); err != nil {
			t.Fatal(err)
		}
	}
	decoder := serializer.NewCodecFactory(scheme, serializer.EnableStrict).UniversalDeserializer()
	documents := yaml.NewYAMLReader(bufio.NewReader(strings.NewReader(deployFile(t, "kubernetes.yaml"))))
	kinds := map[string]bool{}
	for {
		text, err := documents.Read()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		object, kind, err := decoder.Decode(text, nil, nil)
		if err != nil {
			t.Fatalf("%v in:\n%s", err, text)
		}
		kinds[kind.Kind] = true
		switch o := object.(type) {
		case *corev1.ConfigMap:
			c := defaultConfig()
			if err := c.decode([]byte(o.Data["hearth.yaml"])); err != nil {
				t.Error(err)
			}
			c.Web.ListenAddress = "0.0.0.0:4750"
			if err := c.check(); err != nil {
				t.Error(err)
			}
		case *appsv1.StatefulSet:
			pod := o.Spec.Template.Spec
			if err := checkCommandLine(pod.Containers[0].Args); err != nil {
				t.Errorf("%q: %v", pod.Containers[0].Args, err)
			}
			if *o.Spec.Replicas != 1 {
				t.Errorf("%d replicas on one disk", *o.Spec.Replicas)
			}
		}
	}
	for _, want := range []string{"Namespace", "ServiceAccount", "Service", "ConfigMap", "StatefulSet"} {
		if !kinds[want] {
			t.Errorf("there is no %s", want)
		}
	}
}
