// Command go_regexp says which texts a pattern matches, as the API server's own regular expressions do.
//
// It reads one JSON object after the other, {"pattern": "a+", "texts": ["a", "b"]}, and answers each with a line:
// {"refused": "", "matches": [true, false]}.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"log"
	"os"
	"regexp"
)

type question struct {
	Pattern string   `json:"pattern"`
	Texts   []string `json:"texts"`
}

type answer struct {
	Refused string `json:"refused"`
	Matches []bool `json:"matches"`
}

func reply(asked question) answer {
	compiled, err := regexp.Compile(asked.Pattern)
	if err != nil {
		return answer{Refused: err.Error(), Matches: []bool{}}
	}
	matches := make([]bool, 0, len(asked.Texts))
	for _, text := range asked.Texts {
		matches = append(matches, compiled.MatchString(text))
	}
	return answer{Matches: matches}
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
