// Answers, a line of JSON for each line of JSON, how the libraries behind Argo CD read patterns and templates.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path"
	"text/template"

	"github.com/Masterminds/sprig/v3"
	"github.com/bmatcuk/doublestar/v4"
	"github.com/gobwas/glob"
)

type question struct {
	Kind      string         `json:"kind"`
	Pattern   string         `json:"pattern"`
	Separator string         `json:"separator"`
	Texts     []string       `json:"texts"`
	Template  string         `json:"template"`
	Data      map[string]any `json:"data"`
	Strict    bool           `json:"strict"`
}

type answer struct {
	Refused string `json:"refused"`
	Matches []bool `json:"matches"`
	Text    string `json:"text"`
}

func matcher(q question) (func(string) bool, error) {
	switch q.Kind {
	case "gobwas":
		compiled, err := glob.Compile(q.Pattern, []rune(q.Separator)...)
		if err != nil {
			return nil, err
		}
		return compiled.Match, nil
	case "go_match":
		_, err := path.Match(q.Pattern, "")
		return func(text string) bool { ok, _ := path.Match(q.Pattern, text); return ok }, err
	default:
		if !doublestar.ValidatePattern(q.Pattern) {
			return nil, doublestar.ErrBadPattern
		}
		return func(text string) bool { ok, _ := doublestar.Match(q.Pattern, text); return ok }, nil
	}
}

func render(q question) (string, error) {
	parsed := template.New("base").Funcs(sprig.GenericFuncMap())
	if q.Strict {
		parsed = parsed.Option("missingkey=error")
	}
	parsed, err := parsed.Parse(q.Template)
	if err != nil {
		return "", err
	}
	var out bytes.Buffer
	err = parsed.Execute(&out, q.Data)
	return out.String(), err
}

func ask(q question) (a answer) {
	defer func() {
		if panicked := recover(); panicked != nil {
			a = answer{Refused: fmt.Sprint(panicked)}
		}
	}()
	var err error
	if q.Kind == "template" {
		a.Text, err = render(q)
	} else {
		var matches func(string) bool
		matches, err = matcher(q)
		for _, text := range q.Texts {
			a.Matches = append(a.Matches, err == nil && matches(text))
		}
	}
	if err != nil {
		a.Refused = err.Error()
	}
	return a
}

func main() {
	lines := bufio.NewReader(os.Stdin)
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			return
		}
		var q question
		if err := json.Unmarshal(line, &q); err != nil {
			panic(err)
		}
		told, _ := json.Marshal(ask(q))
		fmt.Println(string(told))
	}
}
