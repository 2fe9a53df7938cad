// Renders a chart as `helm template` does, which Debian does not have: the same template engine (text/template), the same
// functions (sprig, and helm's own that charts of ours use), values that went through JSON, and whitespace as it is.
//
//	render CHART RELEASE NAMESPACE [VALUES.yaml ...]
//
// The documents go to standard output. What a template refuses (`required`, `fail`) is one line on standard error.
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"text/template"

	"github.com/Masterminds/sprig"
	"gopkg.in/yaml.v3"
)

type object = map[string]interface{}

func main() {
	if len(os.Args) < 4 {
		fmt.Fprintln(os.Stderr, "usage: render CHART RELEASE NAMESPACE [VALUES.yaml ...]")
		os.Exit(64)
	}
	if err := render(os.Args[1], os.Args[2], os.Args[3], os.Args[4:]); err != nil {
		fmt.Fprintln(os.Stderr, "render:", err)
		os.Exit(1)
	}
}

func render(chart, release, namespace string, files []string) error {
	values, err := load(filepath.Join(chart, "values.yaml"))
	if err != nil {
		return err
	}
	for _, file := range files {
		more, err := load(file)
		if err != nil {
			return err
		}
		merge(values, more)
	}
	about, err := load(filepath.Join(chart, "Chart.yaml"))
	if err != nil {
		return err
	}
	// Chart.yaml's keys are Go's field names in templates.
	named := object{}
	for key, value := range about {
		named[strings.ToUpper(key[:1])+key[1:]] = value
	}
	data := object{
		"Values": values, "Chart": named,
		"Release": object{
			"Name": release, "Namespace": namespace, "Service": "Helm", "IsInstall": true, "IsUpgrade": false,
			"Revision": 1,
		},
		"Capabilities": object{"KubeVersion": object{"Version": "v1.31.0", "Major": "1", "Minor": "31"}},
	}
	paths, err := filepath.Glob(filepath.Join(chart, "templates", "*"))
	if err != nil {
		return err
	}
	sort.Strings(paths)
	all := template.New("chart").Option("missingkey=zero")
	all.Funcs(functions(all))
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if _, err := all.New(filepath.Base(path)).Parse(string(text)); err != nil {
			return err
		}
	}
	// Nothing is printed of a chart that refuses its values.
	documents := ""
	for _, path := range paths {
		if !strings.HasSuffix(path, ".yaml") {
			continue
		}
		var out bytes.Buffer
		if err := all.ExecuteTemplate(&out, filepath.Base(path), data); err != nil {
			return err
		}
		// helm prints nothing for a nil value.
		text := strings.TrimSpace(strings.ReplaceAll(out.String(), "<no value>", ""))
		if text != "" {
			documents += "---\n" + text + "\n"
		}
	}
	fmt.Print(documents)
	return nil
}

func functions(all *template.Template) template.FuncMap {
	known := sprig.TxtFuncMap()
	// helm takes them away: a chart must not depend on who renders it.
	delete(known, "env")
	delete(known, "expandenv")
	known["include"] = func(name string, data interface{}) (string, error) {
		var out strings.Builder
		err := all.ExecuteTemplate(&out, name, data)
		return out.String(), err
	}
	known["required"] = func(complaint string, value interface{}) (interface{}, error) {
		if value == nil || value == "" {
			return nil, errors.New(complaint)
		}
		return value, nil
	}
	known["toYaml"] = func(value interface{}) (string, error) {
		var out bytes.Buffer
		encoder := yaml.NewEncoder(&out)
		encoder.SetIndent(2)
		err := encoder.Encode(value)
		return strings.TrimSuffix(out.String(), "\n"), err
	}
	return known
}

// load reads YAML by way of JSON, as helm does: every number is a float64 then.
func load(file string) (object, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	read := object{}
	if err := yaml.Unmarshal(text, &read); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	text, err = json.Marshal(read)
	if err != nil {
		return nil, err
	}
	result := object{}
	return result, json.Unmarshal(text, &result)
}

// merge lays `more` over `values`: maps member by member, everything else as a whole; null takes a value away.
func merge(values, more object) {
	for key, value := range more {
		if value == nil {
			delete(values, key)
			continue
		}
		new, isMap := value.(object)
		old, wasMap := values[key].(object)
		if isMap && wasMap {
			merge(old, new)
		} else {
			values[key] = value
		}
	}
}
