// Command go_envsubst fills in variables as Flux does, in a text or in an object.
//
// It reads one JSON object after the other, {"text": "${a}", "object": null, "variables": {"a": "1"}}, and answers
// each with a line: {"refused": "", "text": "MQ==", "object": null}, the text in base64. An object is written as YAML,
// filled in as text and read again, as the kustomize-controller does it.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"log"
	"os"

	"github.com/fluxcd/pkg/envsubst"
	"sigs.k8s.io/yaml"
)

type question struct {
	Text      string            `json:"text"`
	Object    json.RawMessage   `json:"object"`
	Variables map[string]string `json:"variables"`
}

type answer struct {
	Refused string          `json:"refused"`
	Text    []byte          `json:"text"`
	Object  json.RawMessage `json:"object"`
}

func reply(asked question) answer {
	value := func(name string) (string, bool) { return asked.Variables[name], true }
	text := asked.Text
	isObject := len(asked.Object) > 0 && string(asked.Object) != "null"
	if isObject {
		written, err := yaml.JSONToYAML(asked.Object)
		if err != nil {
			return answer{Refused: err.Error()}
		}
		text = string(written)
	}
	filled, err := envsubst.Eval(text, value)
	if err != nil {
		return answer{Refused: err.Error()}
	}
	if !isObject {
		return answer{Text: []byte(filled)}
	}
	object, err := yaml.YAMLToJSON([]byte(filled))
	if err != nil {
		return answer{Refused: err.Error(), Text: []byte(text)}
	}
	return answer{Text: []byte(text), Object: object}
}

func main() {
	questions := json.NewDecoder(bufio.NewReader(os.Stdin))
	answers := json.NewEncoder(os.Stdout)
	for {
		var asked question
		if err := questions.Decode(&asked); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			log.Fatal(err)
		}
		if err := answers.Encode(reply(asked)); err != nil {
			log.Fatal(err)
		}
	}
}
