package dashboard

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"
)

// reference is what stands for something else in a provisioning file, as in
// Grafana's: $$, $__env{NAME}, $__file{PATH}, ${NAME}, $NAME.
var reference = regexp.MustCompile(`\$\$|\$__(env|file)\{([^}]*)\}|\$\{([A-Za-z_][A-Za-z0-9_]*)\}|\$([A-Za-z_][A-Za-z0-9_]*)`)

const maxReferenced = 64 << 10 // bytes of a file that a value comes from

// expandNode replaces references in the values of a YAML document. Where a reference
// was the whole of an unquoted value, the result may be a number or a boolean, but
// not within jsonData and secureJsonData, whose texts stay texts.
func expandNode(n *yaml.Node, env func(string) (string, bool), texts bool) error {
	if n.Kind == yaml.MappingNode {
		for i := 0; i+1 < len(n.Content); i += 2 {
			name := n.Content[i].Value
			if err := expandNode(n.Content[i+1], env, texts || name == "jsonData" || name == "secureJsonData"); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
		return nil
	}
	for _, c := range n.Content {
		if err := expandNode(c, env, texts); err != nil {
			return err
		}
	}
	if n.Kind != yaml.ScalarNode || !strings.Contains(n.Value, "$") {
		return nil
	}
	value, err := expand(n.Value, env)
	if err != nil {
		return err
	}
	n.Value = value
	if texts || n.Style != 0 {
		n.Tag, n.Style = "!!str", yaml.DoubleQuotedStyle
	} else {
		n.Tag = ""
	}
	return nil
}

// expand replaces the references in a value. One to a variable that is not set is an
// error, and so is one to Hearth's own.
func expand(value string, env func(string) (string, bool)) (out string, err error) {
	out = reference.ReplaceAllStringFunc(value, func(found string) string {
		m := reference.FindStringSubmatch(found)
		switch name := m[2] + m[3] + m[4]; {
		case found == "$$":
			return "$"
		case m[1] == "file":
			text, fault := readCapped(strings.TrimSpace(name), maxReferenced)
			if fault != nil && err == nil {
				err = fmt.Errorf("$__file{%s}: %w", name, fault)
			}
			return strings.TrimRight(string(text), "\r\n")
		default:
			v, fault := variableNamed(strings.TrimSpace(name), env)
			if fault != nil && err == nil {
				err = fault
			}
			return v
		}
	})
	return out, err
}

func variableNamed(name string, env func(string) (string, bool)) (string, error) {
	if strings.HasPrefix(name, "HEARTH_") {
		return "", fmt.Errorf("the environment variable %s is Hearth's own and may hold its keys: call it by another name", name)
	}
	if env != nil {
		if v, ok := env(name); ok {
			return v, nil
		}
	}
	return "", fmt.Errorf("the environment variable %s is not set; $$ stands for a dollar sign", name)
}

// jsonText writes a value of YAML as JSON.
func jsonText(v any) (json.RawMessage, error) { return json.Marshal(v) }
